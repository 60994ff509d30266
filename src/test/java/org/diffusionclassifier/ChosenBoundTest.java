package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.PairedT;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;

/** What a classifier's race goes by, and what its user is told of that, for the bundled model's calibration. */
class ChosenBoundTest {

    private static final CovarianceCalibration BUNDLED = Calibration.bundled().covariance();
    private static final SortedMap<String, String> CONDITIONS = BUNDLED.conditions();

    private static List<Trial> trials(Race race) {
        return race.trials(TimestepRange.all(1000), 1);
    }

    private static ChosenBound of(Race race, CovarianceCalibration learned, Map<String, String> conditions) {
        return ChosenBound.of(race, learned, new TreeMap<>(conditions), trials(race), factors(1, 1));
    }

    /** Of timesteps below 50, and of all others. */
    private static float[] factors(float low, float high) {
        var factors = new float[1000];
        Arrays.fill(factors, high);
        Arrays.fill(factors, 0, 50, low);
        return factors;
    }

    @Test
    void whatWasLearnedIsTakenWhereItHolds() {
        ChosenBound chosen = of(Race.byDefault(), BUNDLED, CONDITIONS);
        assertEquals("race:0.99,covariance,100", chosen.race().toString());
        assertTrue(chosen.isChecked());
        assertEquals(List.of(), chosen.takeNotices());
        assertEquals("race:0.9,covariance,100", of(Race.atConfidence(0.9), BUNDLED, CONDITIONS).race().toString());
    }

    @Test
    void elseTheImagesOwnErrorsAreAndThatIsSaidOnce() {
        var otherSeed = new TreeMap<>(CONDITIONS);
        otherSeed.put("noise", "seed 1");
        ChosenBound chosen = of(Race.byDefault(), BUNDLED, otherSeed);
        assertEquals("race:0.95,paired-t,100", chosen.race().toString());
        assertTrue(chosen.bound() instanceof PairedT);
        assertEquals(List.of("how trials covary was learned with noise \"seed 0\", and here it is \"seed 1\": races use "
                + "paired-t"), chosen.takeNotices());
        assertEquals(List.of(), chosen.takeNotices());
        assertFalse(chosen.isChecked());
    }

    /** Five of 100 trials ten times as heavy count as 35 % of them, (50 + 95)² / (500 + 95); 1000 times, as 5 %. */
    @Test
    void aFewHeavyTimestepsAreWarnedOfWhereOwnErrorsDecide() {
        var weighted = new TreeMap<>(CONDITIONS);
        weighted.put("timestep-weights", "snr");
        Race race = new Race(null, Race.PAIRED_T, 100, null);
        assertEquals(0, ChosenBound.of(race, null, weighted, trials(race), factors(10, 1)).takeNotices().size());
        assertEquals(1, ChosenBound.of(race, null, weighted, trials(race), factors(1000, 1)).takeNotices().size());
        var other = ChosenBound.of(Race.byDefault(), BUNDLED, weighted, trials(race), factors(1, 0));
        List<String> notices = other.takeNotices();
        assertEquals(2, notices.size(), notices.toString());
        assertEquals("how trials covary was learned with timestep-weights not set, and here it is \"snr\": races use "
                + "paired-t", notices.get(0));
        assertTrue(notices.get(1).startsWith("a few timesteps count for nearly all the others"), notices.get(1));
        var anytime = new Race(null, Race.ANYTIME, 100, null);
        assertEquals(List.of(), ChosenBound.of(anytime, null, weighted, trials(anytime), factors(1, 0)).takeNotices());
    }

    @Test
    void whereNothingWasLearnedThereIsNothingToSay() {
        ChosenBound chosen = of(Race.byDefault(), null, CONDITIONS);
        assertEquals("race:0.95,paired-t,100", chosen.race().toString());
        assertEquals(List.of(), chosen.takeNotices());
    }

    @Test
    void aBoundThatWasAskedForStays() {
        var asked = new Race(null, Race.ANYTIME, 100, null);
        assertEquals("race:0.95,anytime,100", of(asked, BUNDLED, CONDITIONS).race().toString());
        var covariance = new Race(null, Race.COVARIANCE, 50, null);
        assertEquals("bound covariance: expected a calibration of how trials covary that holds here: learned of 100 trials, "
                        + "and here are 50",
                assertThrows(InputException.class, () -> of(covariance, BUNDLED, CONDITIONS)).getMessage());
        assertEquals("bound covariance: expected a calibration of how trials covary that holds here: nothing was learned for "
                        + "this model",
                assertThrows(InputException.class, () -> of(covariance, null, CONDITIONS)).getMessage());
    }

    /** Rivals whose first differences are a hundred times as large as any that were learned from. */
    @Test
    void imagesThatDoNotBearItOutEndIt() {
        ChosenBound chosen = of(Race.byDefault(), BUNDLED, CONDITIONS);
        List<Trial> order = chosen.bound().order(trials(Race.byDefault()));
        float difference = (float) (100 * Math.sqrt(BUNDLED.scale()));
        var strange = new Prediction(IntStream.range(0, 10).mapToObj(prompt -> new PromptErrors(prompt, order.subList(0, 1),
                new float[] {prompt == 0 ? 0 : difference})).toList(), 1);
        int images = 1;
        while (!chosen.changesAfter(strange)) {
            images++;
        }
        assertTrue(images <= 20, images + " images");
        assertEquals("race:0.95,paired-t,100", chosen.race().toString());
        assertEquals(List.of("errors vary otherwise than was learned of how trials covary: races use paired-t from the next "
                + "image on"), chosen.takeNotices());
        assertFalse(chosen.changesAfter(strange));
        assertEquals(List.of(), chosen.takeNotices());
    }
}
