package org.diffusionclassifier.model.sd3;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.model.text.TokenizerPair;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.text.TokenSequence;
import org.diffusionclassifier.text.Tokenizer;
import org.diffusionclassifier.text.UnigramTokenizer;

/**
 * Stable Diffusion 3's tokenizers as one: the ids of CLIP's two, then T5's. A caption counts as cut only where T5 does not
 * read its end, either, as T5 reads more than CLIP.
 *
 * @param t5 null for none
 */
record Sd3Tokenizer(TokenizerPair clip, UnigramTokenizer t5) implements Tokenizer {

    /**
     * Reads them.
     *
     * @param t5Tokens in a sequence of T5's at most, as its tokenizer's configuration may have less
     * @throws InputException if one cannot be read, or does not fit its text encoder
     */
    static Sd3Tokenizer read(Checkpoint checkpoint, Sd3Config config, int t5Tokens) {
        TokenizerPair clip = TokenizerPair.read(checkpoint, config.textEncoder(), config.textEncoder2(),
                "Stable Diffusion 3");
        if (config.t5() == null) {
            return new Sd3Tokenizer(clip, null);
        }
        TokenizerTables tables = checkpoint.tokenizer(Sd3Config.TOKENIZER_3);
        UnigramTokenizer t5 = UnigramTokenizer.read(tables, t5Tokens);
        if (t5.vocabularySize() > config.t5().vocabSize()) {
            throw new InputException(tables.source() + ": expected at most " + config.t5().vocabSize()
                    + " tokens, as the text encoder has, found " + t5.vocabularySize());
        }
        return new Sd3Tokenizer(clip, t5);
    }

    @Override
    public TokenSequence tokenize(String text) {
        TokenSequence ofClip = clip.tokenize(text);
        if (t5 == null) {
            return ofClip;
        }
        TokenSequence ofT5 = t5.tokenize(text);
        return new TokenSequence(IntStream.concat(Arrays.stream(ofClip.ids()), Arrays.stream(ofT5.ids())).toArray(),
                ofT5.lost(), ofT5.read());
    }

    /** Of the one that reads the most. */
    @Override
    public int length() {
        return t5 == null ? clip.length() : t5.length();
    }

    @Override
    public int vocabularySize() {
        return t5 == null ? clip.vocabularySize() : Math.max(clip.vocabularySize(), t5.vocabularySize());
    }

    /** What a {@link TokenizerPair} makes of a caption, [2·length]. */
    int[] ofClip(int[] ids) {
        return Arrays.copyOf(ids, 2 * clip.length());
    }

    /** T5's ids, [length]. */
    int[] ofT5(int[] ids) {
        return Arrays.copyOfRange(ids, 2 * clip.length(), ids.length);
    }
}
