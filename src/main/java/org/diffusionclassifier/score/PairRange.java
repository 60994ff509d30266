package org.diffusionclassifier.score;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Some of a round's pairs, counted prompt by prompt within each trial. Where a range begins and ends as batches do, its
 * errors have the bits that they have when the whole round is evaluated at once.
 *
 * @param from the first pair, at least 0
 * @param to   the first pair after it, above {@code from}
 */
public record PairRange(int from, int to) implements Serializable {

    /** @throws IllegalArgumentException for no pairs */
    public PairRange {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("pairs " + from + " to " + to);
        }
    }

    public int pairs() {
        return to - from;
    }

    /** Batches that it takes. */
    public int batches(int batchSize) {
        return (pairs() - 1) / batchSize + 1;
    }

    /**
     * Cuts it into ranges of whole batches, whose numbers of batches differ by one at the most.
     *
     * @param ranges how many there should be, at least 1; there are fewer if there are fewer batches
     */
    public List<PairRange> divided(int batchSize, int ranges) {
        long batches = batches(batchSize);
        int count = (int) Math.min(ranges, batches);
        var divided = new ArrayList<PairRange>();
        int start = from;
        for (int i = 1; i <= count; i++) {
            int end = (int) Math.min(to, from + batches * i / count * batchSize);
            divided.add(new PairRange(start, end));
            start = end;
        }
        return divided;
    }

    /** What is left of it without others, in any order, which may overlap. Ascending. */
    public List<PairRange> without(List<PairRange> others) {
        var left = new ArrayList<PairRange>();
        int start = from;
        for (PairRange other : others.stream().sorted(Comparator.comparingInt(PairRange::from)).toList()) {
            int end = Math.min(other.from, to);
            if (end > start) {
                left.add(new PairRange(start, end));
            }
            start = Math.max(start, other.to);
        }
        if (start < to) {
            left.add(new PairRange(start, to));
        }
        return left;
    }
}
