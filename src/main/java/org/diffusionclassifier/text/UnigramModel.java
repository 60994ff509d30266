package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * The unigram language model of SentencePiece (Kudo, 2018, "Subword Regularization", arXiv 1804.10959, section 3.2): of
 * all ways to cut a word into pieces of the vocabulary, the most probable, where a word's probability is the product of
 * its pieces'. Found by Viterbi's algorithm: best(end) = max over pieces [start, end) of best(start) + log p(piece).
 *
 * <p>A character that no piece stands for alone may also be the unknown piece, at {@link #UNKNOWN_PENALTY} below the
 * least probable one; unknown pieces side by side are one token.
 */
final class UnigramModel {

    /** As in SentencePiece and Hugging Face's tokenizers ({@code kUnkPenalty}). */
    private static final double UNKNOWN_PENALTY = 10;

    private final Map<String, Integer> ids = new HashMap<>();
    private final double[] logProbabilities;
    private final int unknown;
    private final double unknownScore;
    private final int longest;

    private UnigramModel(String[] pieces, double[] logProbabilities, int unknown) {
        this.logProbabilities = logProbabilities;
        this.unknown = unknown;
        double least = Double.POSITIVE_INFINITY;
        int length = 0;
        for (int id = 0; id < pieces.length; id++) {
            ids.put(pieces[id], id);
            least = Math.min(least, logProbabilities[id]);
            length = Math.max(length, pieces[id].length());
        }
        unknownScore = least - UNKNOWN_PENALTY;
        longest = length;
    }

    /** @throws InputException if {@code tokenizer.json} has another model, or a damaged one */
    static UnigramModel read(TokenizerTables tables) {
        JsonNode model = tables.json(TokenizerTables.WHOLE).path("model");
        if (!"Unigram".equals(model.path("type").textValue())) {
            throw tables.unsupported(TokenizerTables.WHOLE, "model.type", model.path("type"), "\"Unigram\"");
        }
        JsonNode fallback = model.path("byte_fallback");
        if (!JsonConfig.isOff(fallback)) {
            throw tables.unsupported(TokenizerTables.WHOLE, "model.byte_fallback", fallback, "false");
        }
        JsonNode vocabulary = model.path("vocab");
        var pieces = new String[vocabulary.size()];
        var logProbabilities = new double[pieces.length];
        for (int id = 0; id < pieces.length; id++) {
            JsonNode entry = vocabulary.path(id);
            if (!entry.path(0).isTextual() || !Double.isFinite(entry.path(1).asDouble(Double.NaN))) {
                throw tables.unsupported(TokenizerTables.WHOLE, "model.vocab[" + id + "]", entry,
                        "a piece and the logarithm of its probability");
            }
            pieces[id] = entry.path(0).textValue();
            logProbabilities[id] = entry.path(1).doubleValue();
        }
        JsonNode unknown = model.path("unk_id");
        if (!unknown.isInt() || unknown.intValue() < 0 || unknown.intValue() >= pieces.length) {
            throw tables.unsupported(TokenizerTables.WHOLE, "model.unk_id", unknown,
                    "one of the vocabulary's " + pieces.length + " ids");
        }
        return new UnigramModel(pieces, logProbabilities, unknown.intValue());
    }

    int vocabularySize() {
        return logProbabilities.length;
    }

    /** The id of a piece, null if the vocabulary lacks it. */
    Integer id(String piece) {
        return ids.get(piece);
    }

    /** Appends a word's tokens. */
    void encode(String word, List<Integer> tokens) {
        int length = word.length();
        var best = new double[length + 1];
        var starts = new int[length + 1];       // of the last piece of the best way to each place
        var lastIds = new int[length + 1];
        Arrays.fill(starts, -1);
        for (int start = 0, width; start < length; start += width) {
            width = Character.charCount(word.codePointAt(start));
            boolean alone = false;
            for (int end = start + width; end <= Math.min(length, start + longest); end++) {
                Integer id = ids.get(word.substring(start, end));
                if (id != null) {
                    alone |= end == start + width;
                    reach(end, best[start] + logProbabilities[id], start, id, best, starts, lastIds);
                }
            }
            if (!alone) {
                reach(start + width, best[start] + unknownScore, start, unknown, best, starts, lastIds);
            }
        }
        var backwards = new ArrayList<Integer>();
        for (int end = length; end > 0; end = starts[end]) {
            boolean fused = lastIds[end] == unknown && !backwards.isEmpty()
                    && backwards.get(backwards.size() - 1) == unknown;
            if (!fused) {
                backwards.add(lastIds[end]);
            }
        }
        Collections.reverse(backwards);
        tokens.addAll(backwards);
    }

    private static void reach(int end, double score, int start, int id, double[] best, int[] starts, int[] lastIds) {
        if (starts[end] < 0 || score > best[end]) {
            best[end] = score;
            starts[end] = start;
            lastIds[end] = id;
        }
    }
}
