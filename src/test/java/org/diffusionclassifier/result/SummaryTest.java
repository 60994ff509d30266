package org.diffusionclassifier.result;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Summary and confusion matrix. */
class SummaryTest {

    private static final SortedMap<Integer, String> ANIMALS = new TreeMap<>(Map.of(0, "cat", 2, "dog"));

    /** Published values of the interval: Newcombe 1998, table I (81 of 263, 15 of 148, 0 of 20, 1 of 29). */
    /** Of a prediction made with probability ½. */
    private static Outcome outcome(int index, int label, int prediction, long pairs) {
        return new Outcome(index, label, prediction, pairs, 0.5, false);
    }

    @Test
    void theIntervalIsWilsons() {
        assertInterval(0.4902, 0.9433, 8, 10);
        assertInterval(0.2553, 0.3662, 81, 263);
        assertInterval(0.0624, 0.1605, 15, 148);
        assertInterval(0.0000, 0.1611, 0, 20);
        assertInterval(0.0061, 0.1718, 1, 29);
    }

    @Test
    void theIntervalStaysWithinZeroAndOne() {
        for (int images = 1; images < 200; images++) {
            assertTrue(summary(0, images).accuracyLow() >= 0, images + " wrong");
            assertTrue(summary(images, images).accuracyHigh() <= 1, images + " right");
        }
    }

    @Test
    void countsImagesPairsAndConfusions() {
        var summary = Summary.of(List.of(outcome(0, 0, 0, 10), outcome(1, 0, 2, 20), outcome(2, 2, 2, 31),
                outcome(3, 5, 0, 40)), 0, ANIMALS, new TreeMap<>());
        assertEquals(4, summary.images());
        assertEquals(2, summary.correct());
        assertEquals(0.5, summary.accuracy());
        assertEquals(25.25, summary.pairsPerImage());
        assertEquals(List.of(0, 2, 5), summary.confusion().classes());
        assertEquals(List.of("cat", "dog", "5"), summary.confusion().names());
        assertArrayEquals(new int[][] {{1, 1, 0}, {0, 1, 0}, {1, 0, 0}}, summary.confusion().counts());
    }

    /** By hand: 2 of 3 cats, 0 of 1 dog, no bird: (2/3 + 0) / 2. numpy: np.mean([np.mean([1, 1, 0]), np.mean([0])]). */
    @Test
    void theMeanOfTheClassesIsOverThoseWithImages() {
        var names = new TreeMap<>(Map.of(0, "cat", 1, "bird", 2, "dog"));
        var summary = Summary.of(List.of(outcome(0, 0, 0, 1), outcome(1, 0, 0, 1), outcome(2, 0, 1, 1),
                outcome(3, 2, 0, 1)), 0, names, new TreeMap<>());
        assertEquals(0.5, summary.accuracy());
        assertEquals(1.0 / 3, summary.meanPerClassAccuracy(), 1e-15);
    }

    @Test
    void noImagesHaveNoAccuracy() {
        assertThrows(IllegalArgumentException.class, () -> Summary.of(List.of(), 3, ANIMALS, new TreeMap<>()));
    }

    @Test
    void isWrittenTheSameWhateverTheOrderOfFinishing(@TempDir Path folder) throws IOException {
        var outcomes = new ArrayList<>(List.of(outcome(0, 0, 0, 10), outcome(1, 2, 0, 11)));
        var settings = new TreeMap<>(Map.of("seed", "3", "loss", "l2"));
        JsonFile.write(folder.resolve("a.json"), Summary.of(outcomes, 3, ANIMALS, settings));
        Collections.reverse(outcomes);
        JsonFile.write(folder.resolve("b.json"), Summary.of(outcomes, 3, ANIMALS, settings));
        assertEquals(-1, Files.mismatch(folder.resolve("a.json"), folder.resolve("b.json")));
        var text = Files.readString(folder.resolve("a.json"));
        assertTrue(text.startsWith("""
                {
                  "images" : 2,
                  "failed" : 3,
                  "correct" : 1,
                  "accuracy" : 0.5,
                  "accuracyLow" : 0.09"""), text);
        assertTrue(text.endsWith("""
                  "meanPerClassAccuracy" : 0.5,
                  "pairsPerImage" : 10.5,
                  "ties" : 0,
                  "calibration" : {
                    "bins" : [ {
                      "low" : 0.4666666666666667,
                      "high" : 0.5333333333333333,
                      "images" : 2,
                      "claimed" : 0.5,
                      "right" : 0.5
                    } ],
                    "error" : 0.0
                  },
                  "confusion" : {
                    "classes" : [ 0, 2 ],
                    "names" : [ "cat", "dog" ],
                    "counts" : [ [ 1, 0 ], [ 1, 0 ] ]
                  },
                  "settings" : {
                    "loss" : "l2",
                    "seed" : "3"
                  }
                }
                """), text);
    }

    @Test
    void aSmallMatrixIsRenderedWhole() {
        var outcomes = List.of(outcome(0, 0, 0, 1), outcome(1, 0, 2, 1), outcome(2, 0, 0, 1));
        assertEquals("""
                label     0 2   right
                cat      0 2 1  66.7 %
                dog      2 · ·       -
                """.replaceAll(" +", " "), ConfusionMatrix.of(outcomes, ANIMALS).render().replaceAll(" +", " "));
    }

    @Test
    void tenClassesOfAThousandFitEightyColumns() {
        var lines = matrix(10, 1000).lines().toList();
        assertEquals(11, lines.size());
        lines.forEach(line -> assertTrue(line.length() <= 80, line));
        assertEquals(1, lines.stream().map(String::length).distinct().count(), String.join("\n", lines));
    }

    @Test
    void manyClassesAreRenderedAsTheTenMostConfusedPairs() {
        var names = new TreeMap<Integer, String>();
        IntStream.range(0, 100).forEach(index -> names.put(index, "class number " + index + " of the hundred"));
        var outcomes = new ArrayList<Outcome>();
        for (int label = 1; label <= 30; label++) {
            for (int i = 0; i < label; i++) {
                outcomes.add(outcome(outcomes.size(), label, 0, 1));
            }
            outcomes.add(outcome(outcomes.size(), label, label, 1));
        }
        var lines = ConfusionMatrix.of(outcomes, names).render().lines().toList();
        assertEquals(11, lines.size());
        assertEquals("class number 30 … class number 0 o… 30", lines.get(1).replaceAll(" +", " "));
        assertEquals("class number 21 … class number 0 o… 21", lines.get(10).replaceAll(" +", " "));
        assertEquals("no image was misclassified\n",
                ConfusionMatrix.of(List.of(outcome(0, 3, 3, 1)), names).render());
    }

    private static String matrix(int classes, int imagesEach) {
        var names = IntStream.range(0, classes).boxed()
                .collect(Collectors.toMap(index -> index, index -> "pair of trousers " + index, (a, b) -> a,
                        TreeMap::new));
        var outcomes = IntStream.range(0, classes * imagesEach)
                .mapToObj(index -> outcome(index, index % classes, index % classes, 1)).toList();
        return ConfusionMatrix.of(outcomes, names).render();
    }

    private static void assertInterval(double low, double high, int correct, int images) {
        var summary = summary(correct, images);
        assertEquals(low, summary.accuracyLow(), 5e-5);
        assertEquals(high, summary.accuracyHigh(), 5e-5);
    }

    private static Summary summary(int correct, int images) {
        var outcomes = IntStream.range(0, images)
                .mapToObj(index -> outcome(index, 0, index < correct ? 0 : 2, 1)).toList();
        return Summary.of(outcomes, 3, ANIMALS, new TreeMap<>());
    }
}
