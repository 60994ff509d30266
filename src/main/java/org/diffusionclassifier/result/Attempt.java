package org.diffusionclassifier.result;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * What became of one image of a run: its result, or why it has none. Its line is that of {@code results.jsonl}.
 *
 * @param result  null if it failed
 * @param notices what the user should know of it, a line each; not part of its line
 * @param failure null if it was classified
 */
public record Attempt(ImageResult result, List<String> notices, FailedImage failure) {

    public static Attempt of(ImageResult result, List<String> notices) {
        return new Attempt(result, notices, null);
    }

    public static Attempt of(FailedImage failure) {
        return new Attempt(null, List.of(), failure);
    }

    /** Which image of the dataset, from 0. */
    public int index() {
        return failure == null ? result.index() : failure.index();
    }

    /** In UTF-8, its newline included. */
    public byte[] line() {
        return failure == null ? result.toJsonLine() : failure.toJsonLine();
    }

    /**
     * Reads a line, with or without its newline.
     *
     * @param where the line is from, for messages
     * @throws InputException if it is none
     */
    public static Attempt parse(byte[] line, String where) {
        String text = new String(line, StandardCharsets.UTF_8);
        FailedImage failure = FailedImage.parse(text);
        try {
            return failure != null ? of(failure) : of(ImageResult.parse(text), List.of());
        } catch (IOException e) {
            throw new InputException(where + ": not a result with its errors", e);
        }
    }
}
