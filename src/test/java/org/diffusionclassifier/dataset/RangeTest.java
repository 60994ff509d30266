package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which images a limit and a share take. What is expected was dealt by hand. */
class RangeTest {

    private static final Shard WHOLE = new Shard(1, 1);

    /** Sorted by class as a folder is, of unequal classes: 0 0 0 0, 1, 2 2. */
    private static final Dataset SORTED = new Labels(0, 0, 0, 0, 1, 2, 2);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
             |   |   | 0 4 5 1 6 2 3
             | 2 |   | 0 4
             | 4 |   | 0 4 5 1
             | 9 |   | 0 4 5 1 6 2 3
             |   | 1 | 0 4 5
             |   | 3 | 0 4 5 1 6 2
             | 2 | 1 | 0 4
           2 |   |   | 0 1
           5 | 3 |   | 0 4 1
        """)
    void aLimitIsSpreadOverTheClasses(Integer first, Integer limit, Integer limitPerClass, String indices) {
        int[] expected = Arrays.stream(indices.split(" ")).mapToInt(Integer::parseInt).toArray();
        assertArrayEquals(expected, new Range(first, limit, limitPerClass, WHOLE).indices(SORTED));
    }

    @Test
    void aLargerLimitHasTheImagesOfASmallerFirst() {
        var mixed = new Labels(IntStream.range(0, 97).map(i -> i * i % 11).toArray());
        int[] all = Range.ALL.indices(mixed);
        assertArrayEquals(IntStream.range(0, 97).toArray(), Arrays.stream(all).sorted().toArray());
        for (int limit = 1; limit < 97; limit++) {
            assertArrayEquals(Arrays.copyOf(all, limit), new Range(null, limit, null, WHOLE).indices(mixed));
        }
    }

    /** Also with as many shards as classes, where every shard could get a class of its own. */
    @ParameterizedTest
    @CsvSource({"10, 2", "10, 5", "10, 10", "10, 3", "1, 4", "7, 8"})
    void sharesPartitionTheImagesAndEachClass(int classes, int shards) {
        var dataset = new Labels(IntStream.range(0, classes * 40).map(i -> i / 40).toArray());
        for (Integer limit : Arrays.asList(null, classes * 16)) {
            var all = new ArrayList<Integer>();
            for (int number = 1; number <= shards; number++) {
                int[] share = new Range(null, limit, null, new Shard(number, shards)).indices(dataset);
                int total = limit == null ? dataset.size() : limit;
                assertTrue(Math.abs(share.length - (double) total / shards) <= classes, share.length + " of " + total);
                for (int label = 0; label < classes; label++) {
                    int of = label;
                    double fair = (double) total / classes / shards;
                    assertEquals(fair, Arrays.stream(share).filter(i -> dataset.label(i) == of).count(), 1);
                }
                Arrays.stream(share).forEach(all::add);
            }
            int[] whole = new Range(null, limit, null, WHOLE).indices(dataset);
            assertEquals(Arrays.stream(whole).sorted().boxed().toList(), all.stream().sorted().toList());
        }
    }

    @Test
    void anEmptyShareIsRefused() {
        assertEquals("shard: expected a share of at least one image, found none of 2",
                Fixtures.inputError(() -> new Range(null, 2, null, new Shard(8, 8)).indices(SORTED)));
    }

    @Test
    void numbersBelowOneAreRefused() {
        assertEquals("first: expected at least 1, found 0", Fixtures.inputError(() -> new Range(0, null, null, WHOLE)));
        assertEquals("limitPerClass: expected at least 1, found -1",
                Fixtures.inputError(() -> new Range(null, null, -1, WHOLE)));
    }

    /** Nothing but labels. */
    private record Labels(int... labels) implements Dataset {

        @Override
        public int size() {
            return labels.length;
        }

        @Override
        public String name(int index) {
            return "#" + index;
        }

        @Override
        public int label(int index) {
            return labels[index];
        }

        @Override
        public Path file(int index) {
            throw new AssertionError("a range reads no images");
        }

        @Override
        public RgbImage image(int index) {
            throw new AssertionError("a range reads no images");
        }

        @Override
        public List<String> classNames() {
            return List.of();
        }

        @Override
        public String description() {
            return "labels";
        }
    }
}
