package org.diffusionclassifier.text;

/** Turns a text into the numbers that a text encoder reads. Immutable, safe for use by many threads. */
public interface Tokenizer {

    /**
     * Tokenizes a text.
     *
     * @param text anything
     */
    TokenSequence tokenize(String text);

    /** As {@link #tokenize}, the ids alone: [length]. */
    default int[] encode(String text) {
        return tokenize(text).ids();
    }

    /** Ids in every sequence. */
    int length();

    /** How many rows the text encoder's table needs: every id is below this. */
    int vocabularySize();
}
