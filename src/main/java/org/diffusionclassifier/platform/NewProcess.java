package org.diffusionclassifier.platform;

import com.sun.jna.NativeLibrary;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Puts a new process of the same command line into the place of this one, in a locale of UTF-8. Java reads its arguments
 * and the names of files in the encoding of the locale that it was started in, and in no other later. Linux shows the
 * arguments as they were given (proc(5), /proc/PID/cmdline), and POSIX's execv keeps terminal, pipes and process number.
 */
public final class NewProcess {

    private static final String VARIABLE = "LC_ALL";
    private static final String LOCALE = "C.UTF-8";

    private NewProcess() {
    }

    /** Returns only where it cannot be done, or has been done in vain. */
    public static void inUtf8() {
        if (!Platform.ofSystem().isLinux() || LOCALE.equals(System.getenv(VARIABLE))) {
            return;
        }
        String program = ProcessHandle.current().info().command().orElse(null);
        if (program == null) {
            return;
        }
        try {
            String[] arguments = arguments(Files.readAllBytes(Path.of("/proc/self/cmdline")));
            var process = NativeLibrary.getProcess();
            process.getFunction("setenv").invokeInt(new Object[] {VARIABLE, LOCALE, 1});
            process.getFunction("execv").invokeInt(new Object[] {program,
                new StringArray(arguments, StandardCharsets.ISO_8859_1.name())});
        } catch (IOException | LinkageError e) {
            // No /proc, or no folder that JNA can be unpacked to: this process goes on.
        }
    }

    /** Each ends in a zero byte; a byte of theirs becomes the letter of that number, and so back. */
    static String[] arguments(byte[] commandLine) {
        String text = new String(commandLine, StandardCharsets.ISO_8859_1);
        return text.substring(0, text.length() - 1).split("\0", -1);
    }
}
