package org.diffusionclassifier.model.text;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.text.ClipTokenizer;
import org.diffusionclassifier.text.TokenSequence;
import org.diffusionclassifier.text.Tokenizer;

/**
 * The two tokenizers of a {@link ClipPair} as one: the ids of the first, then those of the second, [2·length]. They differ
 * in what they pad with: the first with the end token, the second with token 0.
 */
public record TokenizerPair(ClipTokenizer first, ClipTokenizer second) implements Tokenizer {

    public static final String FIRST = "tokenizer";
    public static final String SECOND = "tokenizer_2";

    /**
     * Reads both.
     *
     * @param family whose they are meant to be, for messages
     * @throws InputException if one cannot be read, does not fit its text encoder, or pads as the other should
     */
    public static TokenizerPair read(Checkpoint checkpoint, ClipTextConfig first, ClipTextConfig second, String family) {
        var pair = new TokenizerPair(TokenIds.tokenizer(checkpoint, FIRST, first),
                TokenIds.tokenizer(checkpoint, SECOND, second));
        requirePadding(checkpoint, FIRST, pair.first, pair.first.end(), family, "Stable Diffusion 2's");
        requirePadding(checkpoint, SECOND, pair.second, 0, family, "Stable Diffusion 1's");
        if (pair.first.length() != pair.second.length()) {
            throw new InputException(checkpoint.source() + ": expected tokenizers of one length, found "
                    + pair.first.length() + " and " + pair.second.length() + " tokens");
        }
        return pair;
    }

    private static void requirePadding(Checkpoint checkpoint, String name, ClipTokenizer tokenizer, int expected,
                                       String family, String whose) {
        if (tokenizer.padding() != expected) {
            throw new InputException(checkpoint.tokenizer(name).source() + ": expected " + family + "'s " + name
                    + ", which pads with token " + expected + ", found one that pads with token " + tokenizer.padding()
                    + ", as " + whose + " does");
        }
    }

    @Override
    public TokenSequence tokenize(String text) {
        TokenSequence one = first.tokenize(text);
        TokenSequence two = second.tokenize(text);
        int[] ids = IntStream.concat(Arrays.stream(one.ids()), Arrays.stream(two.ids())).toArray();
        return new TokenSequence(ids, Math.max(one.lost(), two.lost()), one.read() && two.read());
    }

    /** Of either. */
    @Override
    public int length() {
        return first.length();
    }

    @Override
    public int vocabularySize() {
        return Math.max(first.vocabularySize(), second.vocabularySize());
    }

    /** The first tokenizer's ids of a sequence, [length]. */
    int[] ofFirst(int[] ids) {
        return Arrays.copyOf(ids, length());
    }

    /** The second tokenizer's, [length]. */
    int[] ofSecond(int[] ids) {
        return Arrays.copyOfRange(ids, length(), ids.length);
    }
}
