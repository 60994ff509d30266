package org.diffusionclassifier.text;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Captions as a text encoder reads them: each sequence of ids once, as captions may differ in nothing that it sees, and
 * what there is to note about that.
 */
public final class TokenizedCaptions {

    /** Captions that a notice names. */
    private static final int NAMED = 3;

    /** Letters at either end of a long caption. */
    private static final int EXCERPT = 25;

    private final Tokenizer tokenizer;
    private final List<String> captions;
    private final List<TokenSequence> sequences;
    private final List<int[]> distinct = new ArrayList<>();
    private final List<Integer> rows = new ArrayList<>();

    public TokenizedCaptions(Tokenizer tokenizer, List<String> captions) {
        this.tokenizer = tokenizer;
        this.captions = List.copyOf(captions);
        sequences = captions.stream().map(tokenizer::tokenize).toList();
        Map<IntBuffer, Integer> rowOf = new HashMap<>();
        for (TokenSequence sequence : sequences) {
            rows.add(rowOf.computeIfAbsent(IntBuffer.wrap(sequence.ids()), ids -> {
                distinct.add(sequence.ids());
                return distinct.size() - 1;
            }));
        }
    }

    /** Each different sequence of ids, in the order of the captions. */
    public List<int[]> distinct() {
        return List.copyOf(distinct);
    }

    /** Of each caption, which of {@link #distinct} is its own. */
    public List<Integer> rows() {
        return List.copyOf(rows);
    }

    /**
     * A line on captions that were cut, one on tokens that none of them has.
     *
     * @param wanted tokens that were added for these captions' sake
     */
    public List<String> notices(List<String> wanted) {
        var notices = new ArrayList<String>();
        List<Integer> cut = IntStream.range(0, captions.size()).filter(i -> sequences.get(i).lost() > 0).boxed()
                .toList();
        if (!cut.isEmpty()) {
            notices.add((cut.size() == 1 ? "a caption is" : cut.size() + " captions are") + " longer than the model's "
                    + tokenizer.length() + " tokens, its beginning and end included, and cut: "
                    + String.join(", ", cut.stream().limit(NAMED).map(this::lost).toList())
                    + (cut.size() > NAMED ? ", and " + (cut.size() - NAMED) + " more" : ""));
        }
        wanted.stream().filter(token -> !isIn(token)).forEach(token -> notices.add("no caption has the token "
                + InputException.quoted(token) + ", which an embedding added"));
        return notices;
    }

    /** Whether a caption has the first id that a token has and the empty caption has not. */
    private boolean isIn(String token) {
        int[] nothing = tokenizer.encode("");
        int id = Arrays.stream(tokenizer.encode(token)).filter(each -> !has(nothing, each)).findFirst().orElseThrow();
        return distinct.stream().anyMatch(ids -> has(ids, id));
    }

    private static boolean has(int[] ids, int id) {
        return Arrays.stream(ids).anyMatch(each -> each == id);
    }

    private String lost(int i) {
        TokenSequence sequence = sequences.get(i);
        return "%s by %s%d".formatted(excerpt(captions.get(i)), sequence.read() ? "" : "more than ", sequence.lost());
    }

    /** A caption in quotes; of a long one the beginning and the end, as it is the end by which such captions differ. */
    public static String excerpt(String caption) {
        int length = caption.codePointCount(0, caption.length());
        return InputException.quoted(length <= 2 * EXCERPT ? caption
                : caption.substring(0, caption.offsetByCodePoints(0, EXCERPT)) + "…"
                + caption.substring(caption.offsetByCodePoints(caption.length(), -EXCERPT)));
    }
}
