package org.diffusionclassifier.text;

import java.util.Arrays;
import java.util.List;

/**
 * A text as a text encoder reads it.
 *
 * @param ids  [length]: what begins a text, the text's tokens as far as they fit, what ends it, padding
 * @param lost how many of the text's tokens did not fit
 * @param read whether the whole text was read; else there are more lost than counted, as a text is not read far beyond
 *             what can fit
 */
public record TokenSequence(int[] ids, int lost, boolean read) {

    /**
     * Cuts or fills up.
     *
     * @param before ids that begin a text
     * @param tokens the text's
     * @param after  ids that end it
     * @param length of the sequence, at least that of {@code before} and {@code after}
     */
    static TokenSequence of(List<Integer> before, List<Integer> tokens, List<Integer> after, int length, int padding,
                            boolean read) {
        int kept = Math.min(tokens.size(), length - before.size() - after.size());
        var ids = new int[length];
        Arrays.fill(ids, padding);
        int at = 0;
        for (List<Integer> part : List.of(before, tokens.subList(0, kept), after)) {
            for (int id : part) {
                ids[at++] = id;
            }
        }
        return new TokenSequence(ids, tokens.size() - kept, read);
    }
}
