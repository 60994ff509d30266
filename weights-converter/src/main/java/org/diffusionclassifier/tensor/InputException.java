package org.diffusionclassifier.tensor;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Something the user gave is wrong: a file, a tensor, a setting. The message is one line that names it, what was expected
 * and what was found; the command line prints that line alone and ends with exit code 2.
 *
 * <p>A setting is named by its {@link Field} in the library. A way in that has other names for settings, such as the
 * command line, takes the {@link #message} with these.
 */
public final class InputException extends RuntimeException {

    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{2028}\\x{2029}]");

    private final String format;
    private final transient Object[] arguments;

    /** A setting, by the name of its component in a specification: {@code toKeep}. */
    public record Field(String name) {

        @Override
        public String toString() {
            return name;
        }
    }

    public InputException(String message) {
        this(message, (Throwable) null);
    }

    public InputException(String message, Throwable cause) {
        super(oneLine(message), cause);
        this.format = "%s";
        this.arguments = new Object[] {getMessage()};
    }

    private InputException(String format, Object[] arguments) {
        super(oneLine(String.format(format, arguments)));
        this.format = format;
        this.arguments = arguments;
    }

    /**
     * Refuses settings.
     *
     * @param format    as {@link String#format} has it
     * @param arguments the settings among them as {@link #field}s
     */
    public static InputException of(String format, Object... arguments) {
        return new InputException(format, arguments.clone());
    }

    /** A setting to be named in {@link #of}. */
    public static Field field(String name) {
        return new Field(name);
    }

    /** The message with other names for the settings in it. */
    public String message(UnaryOperator<String> nameOfField) {
        return oneLine(format(format, arguments, nameOfField));
    }

    /** A text with names of the caller's for the {@linkplain #field settings} among its arguments. */
    public static String format(String format, Object[] arguments, UnaryOperator<String> nameOfField) {
        return String.format(format, Arrays.stream(arguments)
                .map(argument -> argument instanceof Field field ? nameOfField.apply(field.name) : argument).toArray());
    }

    /** {@code FILE: cannot be read (no such file)}, with the system's reason for other failures. */
    public static InputException unreadable(Path file, IOException cause) {
        return at(file, "cannot be read (" + reason(cause) + ")", cause);
    }

    /** {@code FILE: cannot be written (no directory DIRECTORY)}, with the system's reason for other failures. */
    public static InputException unwritable(Path file, IOException cause) {
        Path parent = file.toAbsolutePath().getParent();
        String reason = parent != null && Files.notExists(parent) ? "no directory " + parent : reason(cause);
        return at(file, "cannot be written (" + reason + ")", cause);
    }

    /** {@code FILE: MESSAGE}, by the file's {@link #name}. */
    public static InputException at(Path file, String message) {
        return at(file, message, null);
    }

    /** As {@link #at(Path, String)}, for a reason that is known. */
    public static InputException at(Path file, String message, Throwable cause) {
        return new InputException(name(file) + ": " + message, cause);
    }

    /** What people call a file: its path, with the archive before it if it lies in one; or its URL. */
    public static String name(Path file) {
        String path = file.toString();
        String files = file.getFileSystem().toString();
        return file.getFileSystem() == FileSystems.getDefault() || path.startsWith(files + "/") ? path
                : files + ":" + path;
    }

    /** {@code text} from the user as JSON writes it: on one line whatever it holds. */
    public static String quoted(String text) {
        return TextNode.valueOf(text).toString();
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
        if (cause instanceof FileAlreadyExistsException || cause instanceof NotDirectoryException) {
            return "not a directory";
        }
        // The message of a FileSystemException begins with the file's name, which ours has already.
        String reason = cause instanceof FileSystemException named ? named.getReason() : cause.getMessage();
        return reason == null ? cause.getClass().getSimpleName() : reason.lines().findFirst().orElse("");
    }

    /** Names quoted from a hostile file must neither break the line nor steer the terminal. */
    private static String oneLine(String message) {
        return CONTROL.matcher(message).replaceAll(c -> String.format("\\\\u%04x", (int) c.group().charAt(0)));
    }
}
