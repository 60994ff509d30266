package org.diffusionclassifier.weights;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Something the user gave is wrong: a file, a tensor, a flag. The message is one line that names it, what was expected
 * and what was found; the command line prints that line alone and ends with exit code 2.
 */
public final class InputException extends RuntimeException {

    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{2028}\\x{2029}]");

    public InputException(String message) {
        super(oneLine(message));
    }

    public InputException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** {@code FILE: cannot be read (no such file)}, with the system's reason for other failures. */
    public static InputException unreadable(Path file, IOException cause) {
        return new InputException(file + ": cannot be read (" + reason(cause) + ")", cause);
    }

    /** {@code FILE: cannot be written (no such file)}, with the system's reason for other failures. */
    public static InputException unwritable(Path file, IOException cause) {
        return new InputException(file + ": cannot be written (" + reason(cause) + ")", cause);
    }

    private static String reason(IOException cause) {
        if (cause instanceof NoSuchFileException) {
            return "no such file";
        }
        if (cause instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (cause instanceof CharacterCodingException) {
            return "not UTF-8 text";
        }
        // The message of a FileSystemException begins with the file's name, which ours has already.
        String reason = cause instanceof FileSystemException named ? named.getReason() : cause.getMessage();
        return reason == null ? cause.getClass().getSimpleName() : reason;
    }

    /** Names quoted from a hostile file must neither break the line nor steer the terminal. */
    private static String oneLine(String message) {
        return CONTROL.matcher(message).replaceAll(c -> String.format("\\\\u%04x", (int) c.group().charAt(0)));
    }
}
