package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** {@link PairRange} against sets of single pairs. */
class PairRangeTest {

    private static BitSet pairs(List<PairRange> ranges) {
        var pairs = new BitSet();
        ranges.forEach(range -> pairs.set(range.from(), range.to()));
        return pairs;
    }

    /** Of any size: every pair once, in order, cut where batches begin, as evenly as batches allow. */
    @Test
    void dividesAtBatches() {
        for (int from : new int[] {0, 21}) {
            for (int size = 1; size <= 40; size++) {
                for (int ranges = 1; ranges <= 9; ranges++) {
                    var whole = new PairRange(from, from + size);
                    List<PairRange> divided = whole.divided(7, ranges);
                    int batches = (size + 6) / 7;
                    assertEquals(Math.min(ranges, batches), divided.size());
                    int next = from;
                    for (PairRange range : divided) {
                        assertEquals(next, range.from());
                        assertEquals(0, (range.from() - from) % 7);
                        assertTrue(Math.abs(range.batches(7) - (double) batches / divided.size()) < 1,
                                whole + " in " + divided);
                        next = range.to();
                    }
                    assertEquals(from + size, next);
                }
            }
        }
    }

    @Test
    void isLeftWithoutOthers() {
        var random = new Random(5);
        for (int test = 0; test < 500; test++) {
            var whole = new PairRange(random.nextInt(10), 11 + random.nextInt(30));
            List<PairRange> others = random.ints(random.nextInt(6), 0, 40)
                    .mapToObj(from -> new PairRange(from, from + 1 + random.nextInt(12))).toList();
            BitSet expected = pairs(List.of(whole));
            expected.andNot(pairs(others));
            List<PairRange> left = whole.without(others);
            assertEquals(expected, pairs(left));
            assertEquals(expected.cardinality(), left.stream().mapToInt(PairRange::pairs).sum());
        }
    }

    @Test
    void hasPairs() {
        assertThrows(IllegalArgumentException.class, () -> new PairRange(3, 3));
        assertThrows(IllegalArgumentException.class, () -> new PairRange(-1, 3));
    }
}
