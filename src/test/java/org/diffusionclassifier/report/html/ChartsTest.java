package org.diffusionclassifier.report.html;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.diffusionclassifier.result.ConfusionMatrix;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.Reliability;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;

/** What the charts show, by numbers worked out by hand. */
class ChartsTest {

    /**
     * Ten trials make two groups of five by timestep, whatever their order. Differences 1, 2, 3, 4, 5 in the first: mean 3,
     * standard error √(2.5/5), Student's t of 4 degrees of freedom 2.7764, so 3 ± 1.9632; 10 each in the second. The axis
     * goes from 0 at y = 178 to 10 at 8, and from t = 0 at x = 52 to 1000 at 334.
     */
    @Test
    void errorCurvesAreMeansOfNeighbours() {
        var order = new ArrayList<>(IntStream.range(0, 10).boxed().toList());
        Collections.reverse(order);
        List<Trial> trials = order.stream().map(i -> new Trial(100 * i, i)).toList();
        var best = new PromptErrors(0, trials, new float[10]);
        var errors = new float[10];
        for (int i = 0; i < 10; i++) {
            errors[i] = order.get(i) < 5 ? order.get(i) + 1 : 10;
        }
        var loser = new ErrorCurves.Loser("dog", new PromptErrors(1, trials, errors));
        String chart = ErrorCurves.of("cat", best, List.of(loser), 1000).markup();
        assertTrue(chart.contains("d=\"M108.4 127.0L249.4 8.0\""), chart);
        assertTrue(chart.contains("d=\"M108.4 160.4V93.6M249.4 8.0V8.0\""), chart);
    }

    /** A class dropped early has a curve of what it has seen; a single trial has no interval. */
    @Test
    void errorCurvesTakeSharedTrialsOnly() {
        List<Trial> trials = IntStream.range(0, 3).mapToObj(i -> new Trial(300 * i, i)).toList();
        var best = new PromptErrors(0, trials, new float[] {1, 1, 1});
        var dropped = new PromptErrors(1, trials.subList(0, 1), new float[] {2});
        String chart = ErrorCurves.of("cat", best, List.of(new ErrorCurves.Loser("dog", dropped)), 1000).markup();
        assertTrue(chart.contains("<path class=\"line c0\" d=\"M52.0 8.0\"/>"), chart);
        assertTrue(chart.contains("<path class=\"bar c0\" d=\"\"/>"), chart);
    }

    @Test
    void pairsFallIntoBarsThatAddUp() {
        List<Long> pairs = LongStream.rangeClosed(100, 300).boxed().toList();
        String chart = PairsHistogram.of(pairs).markup();
        var bars = Pattern.compile("<title>(\\d+) to (\\d+) pairs: (\\d+) images").matcher(chart);
        int images = 0;
        long next = 100;
        while (bars.find()) {
            assertEquals(next, Long.parseLong(bars.group(1)));
            next = Long.parseLong(bars.group(2)) + 1;
            images += Integer.parseInt(bars.group(3));
        }
        assertEquals(201, images);
        assertTrue(next > 300 && next <= 322, "the last bar ends before " + next);
        assertEquals("<p>220 pairs on every image.</p>", PairsHistogram.of(List.of(220L, 220L)).markup());
        assertFalse(PairsHistogram.of(List.of(0L, Long.MAX_VALUE / 2)).markup().contains("NaN"));
    }

    /** Two of three right that claim 75 %: Wilson's interval of 2/3 is 20.8 to 93.9 %. */
    @Test
    void calibrationShowsEveryBin() {
        String chart = CalibrationChart.of(Reliability.of(List.of(outcome(0, 0, 0.75), outcome(1, 1, 0.75), outcome(2, 1, 0.75),
                outcome(1, 1, 1)))).markup();
        assertTrue(chart.contains("<title>3 images, claimed 75.0 %: 66.7 % (20.8 to 93.9) right</title>"), chart);
        assertTrue(chart.contains("<title>1 images, claimed 100.0 %"), chart);
        assertEquals(2, chart.split("<circle", -1).length - 1);
    }

    @Test
    void confusionsAreShadedByShareOfTheRow() {
        String matrix = Confusions.matrix(matrix(3)).markup();
        assertTrue(matrix.contains("background:rgb(var(--shade) / 0.450)\">3<"), matrix);     // 3 of 4, of 0.6
        assertTrue(matrix.contains("background:rgb(var(--shade) / 0.150)\">1<"), matrix);
        String classes = Confusions.classes(matrix(3)).markup();
        assertTrue(classes.contains("75.0\u00a0% <span class=\"interval\">(30.1 to 95.4)</span>"), classes);
        assertTrue(classes.contains("class 1 (1)"), classes);
        assertFalse(classes.contains(">class 2<"), "of which there was no image: " + classes);
    }

    /** A thousand classes are no matrix of a million cells. */
    @Test
    void ofManyClassesTheConfusedPairsAreListed() {
        String pairs = Confusions.matrix(matrix(1000)).markup();
        assertTrue(pairs.contains("predicted") && pairs.length() < 1000, pairs);
    }

    /** Four images of class 0, one of them predicted as class 1; one of class 1, right. */
    private static ConfusionMatrix matrix(int classes) {
        var names = new TreeMap<Integer, String>();
        IntStream.range(0, classes).forEach(i -> names.put(i, "class " + i));
        return ConfusionMatrix.of(List.of(outcome(0, 0, 1), outcome(0, 0, 1), outcome(0, 0, 1), outcome(0, 1, 1),
                outcome(1, 1, 1)), names);
    }

    private static Outcome outcome(int label, int prediction, double probability) {
        return new Outcome(0, label, prediction, 220, probability, false);
    }
}
