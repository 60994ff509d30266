package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the tokenizer of a model may be that comes without one, as files in the original naming do. All models with a
 * text encoder of one width have the same tokenizer.
 */
public interface TokenizerSource {

    /** Knows of none. */
    TokenizerSource NONE = width -> Optional.empty();

    /**
     * The folder of a tokenizer's files.
     *
     * @param width of the text encoder: its {@code hidden_size}
     * @return empty if there is none
     */
    Optional<Path> tokenizer(int width);

    /** What follows "found no tokenizer" in a message: how to get one, or nothing. */
    default String hint(int width) {
        return "";
    }
}
