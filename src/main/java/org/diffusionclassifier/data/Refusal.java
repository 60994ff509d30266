package org.diffusionclassifier.data;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.diffusionclassifier.weights.InputException;

/** What this package says when it refuses a file: one line, the file and then the reason. */
final class Refusal {

    private Refusal() {
    }

    static InputException unreadable(Path file, IOException cause) {
        return new InputException(file + ": cannot be read (" + reason(cause) + ")", cause);
    }

    static InputException unwritable(Path file, IOException cause) {
        var parent = file.toAbsolutePath().getParent();
        var reason = parent != null && Files.notExists(parent) ? "no directory " + parent : reason(cause);
        return new InputException(file + ": cannot be written (" + reason + ")", cause);
    }

    /** {@code text} from the user as JSON writes it: on one line whatever it holds. */
    static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }

    // The messages of java.nio.file are often no more than the name of the file, or of another.
    private static String reason(IOException cause) {
        if (cause instanceof CharacterCodingException) {
            return "not UTF-8 text";
        }
        if (cause instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (cause instanceof FileAlreadyExistsException || cause instanceof NotDirectoryException) {
            return "not a directory";
        }
        if (cause instanceof NoSuchFileException) {
            return "no such file";
        }
        var message = cause instanceof FileSystemException failure ? failure.getReason() : cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message.lines().findFirst().orElse("");
    }
}
