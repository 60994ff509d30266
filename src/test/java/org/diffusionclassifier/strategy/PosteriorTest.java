package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.inference.TTest;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;

/** {@link Posterior}, {@link Calibration} and {@link Margin} against what they are defined by, and Commons Math. */
class PosteriorTest {

    private static final List<Trial> TRIALS = IntStream.range(0, 4).mapToObj(i -> new Trial(i, i)).toList();

    private static Prediction prediction(float[]... errors) {
        return new Prediction(IntStream.range(0, errors.length)
                .mapToObj(i -> new PromptErrors(i, TRIALS.subList(0, errors[i].length), errors[i])).toList(), 1);
    }

    /** exp(−D ē) of errors 0.1, 0.2 and 0.4 with D = 10: e⁻¹ : e⁻² : e⁻⁴. */
    @Test
    void isTheSoftmaxOfTheSummedErrors() {
        Prediction prediction = prediction(new float[] {0.1f, 0.1f}, new float[] {0.2f, 0.2f}, new float[] {0.4f, 0.4f});
        double[] shares = {Math.exp(-1), Math.exp(-2), Math.exp(-4)};
        double sum = shares[0] + shares[1] + shares[2];
        assertArrayEquals(new double[] {shares[0] / sum, shares[1] / sum, shares[2] / sum},
                Posterior.uniform(10, 1, 3).of(prediction, List.of(0, 1, 2)), 1e-6);
    }

    @Test
    void promptsAreHeldAgainstTheWinnerOnSharedTrials() {
        Prediction prediction = prediction(new float[] {1, 3}, new float[] {2});
        assertEquals(1 / (1 + Math.exp(-1)), Posterior.uniform(1, 1, 2).of(prediction, List.of(0, 1))[0], 1e-12);
    }

    @Test
    void whatWasNeverEvaluatedHasNoProbability() {
        assertArrayEquals(new double[] {1, 0},
                Posterior.uniform(1, 1, 2).of(prediction(new float[] {1}, new float[0]), List.of(0, 1)), 0);
    }

    /** p ∝ π exp(−D ē / τ) is largest where ē − τ ln π / D is smallest. */
    @Test
    void handicapsOrderPromptsAsThePosteriorDoes() {
        var posterior = new Posterior(10, 2, new double[] {Math.log(1), Math.log(9)});
        Prediction prediction = prediction(new float[] {0.1f}, new float[] {0.4f});
        double[] probabilities = posterior.of(prediction, List.of(0, 1));
        double[] handicaps = posterior.handicaps();
        assertTrue(probabilities[1] > probabilities[0]);
        assertEquals(Math.log(probabilities[0] / probabilities[1]) * 2 / 10,
                0.4f + handicaps[1] - (0.1f + handicaps[0]), 1e-7);
    }

    /** Labels drawn from the softmax at a temperature of 0.37 give it back. */
    @Test
    void calibrationFindsTheTemperatureThatMadeTheLabels() {
        var random = new SplittableRandom(4);
        var images = new ArrayList<TemperatureScaling.Labelled>();
        for (int i = 0; i < 20_000; i++) {
            double[] scores = random.doubles(5, -1, 1).toArray();
            double[] shares = new TemperatureScaling.Labelled(scores, 0).probabilities(0.37);
            double at = random.nextDouble();
            int label = 0;
            while (label < 4 && at >= shares[label]) {
                at -= shares[label++];
            }
            images.add(new TemperatureScaling.Labelled(scores, label));
        }
        double fitted = TemperatureScaling.fit(images);
        assertEquals(0.37, fitted, 0.02);
        assertTrue(TemperatureScaling.loss(images, fitted) <= TemperatureScaling.loss(images, 0.37));
    }

    @Test
    void marginsAreStudentsPairedTest() {
        float[] winner = {1, 4, 2, 8};
        float[] other = {1.5f, 4.1f, 2.9f, 7.9f};
        Margin margin = prediction(winner, other).paired(1);
        double p = new TTest().pairedTTest(new double[] {1.5f, 4.1f, 2.9f, 7.9f}, new double[] {1, 4, 2, 8}) / 2;
        assertEquals(1 - p, margin.confidence(), 1e-9);
        assertEquals(3, margin.freedom());
        assertEquals(0.35, margin.mean(), 1e-6);
    }

    @Test
    void oneTrialSaysNothingOfCertainty() {
        Margin margin = prediction(new float[] {1}, new float[] {2}).paired(1);
        assertEquals(0.5, margin.confidence());
        assertTrue(Double.isNaN(margin.halfWidth(0.95)));
    }
}
