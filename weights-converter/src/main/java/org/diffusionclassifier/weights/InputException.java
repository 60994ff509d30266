package org.diffusionclassifier.weights;

/**
 * Something the user gave is wrong: a file, a tensor, a flag. The message is one line that names it, what was expected
 * and what was found; the command line prints that line alone and ends with exit code 2.
 */
public final class InputException extends RuntimeException {

    public InputException(String message) {
        super(message);
    }

    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
