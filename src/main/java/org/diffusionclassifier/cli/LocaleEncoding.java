package org.diffusionclassifier.cli;

import java.io.PrintStream;
import java.util.Arrays;
import org.diffusionclassifier.platform.NewProcess;
import org.diffusionclassifier.platform.Platform;

/**
 * The encoding in which Java reads arguments and the names of files: the locale's, for as long as the process runs. In a
 * locale of another encoding than UTF-8, as in containers, the program starts anew in one. Where that cannot be, whoever
 * started it is told what is read wrong.
 */
final class LocaleEncoding {

    /** What stands for bytes that are none of the encoding's characters (U+FFFD). */
    private static final char UNREADABLE = '\uFFFD';

    private static final String ADVICE =
            "set LC_ALL=C.UTF-8 or another locale of UTF-8";

    private LocaleEncoding() {
    }

    /**
     * Whether the arguments arrived as they were given, of which one line on {@code err} says what did not.
     */
    static boolean takes(String[] args, PrintStream err) {
        String encoding = System.getProperty("sun.jnu.encoding");
        if ("UTF-8".equals(encoding) || Platform.ofSystem().isWindows()) {
            return true;
        }
        NewProcess.inUtf8();
        boolean lost = Arrays.stream(args).anyMatch(arg -> arg.indexOf(UNREADABLE) >= 0);
        err.println("diffusion-classifier: " + (lost ? "expected arguments in " + encoding + ", this locale's encoding, "
                + "found others: " + ADVICE
                : "note: names of files are read as " + encoding + ", this locale's encoding, which loses other letters: "
                + ADVICE));
        return !lost;
    }
}
