package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.strategy.ClassTree;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.covariance.ForecastCheck;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Races by covariance on errors drawn from a known covariance with known means ({@link SimulatedErrors}). */
class CovarianceRaceTest {

    private static final int TRIALS = SimulatedErrors.TRIALS;
    private static CovarianceCalibration learned;

    @BeforeAll
    static void learn() {
        learned = CovarianceCalibration.learn(new SimulatedErrors(1, 0.7).recording(300, 10, 1));
    }

    private static Race race(double confidence, String bound) {
        return new Race(confidence, bound, TRIALS, null);
    }

    /**
     * Of 1000 images that nothing was learned from, no more are decided otherwise than by all trials than the stated rate
     * and the binomial's three standard deviations. And not so few that the confidence would say nothing: at 0.8 and 0.9
     * at least a quarter of the rate.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0.8, 0.9, 0.95, 0.99})
    void theStatedRateHolds(double confidence) {
        ErrorRecording others = new SimulatedErrors(2, 0.7).recording(1000, 10, 1);
        Replay replay = Replay.of(others, race(confidence, Race.COVARIANCE), 1, 1, learned);
        double stated = 1000 * (1 - confidence);
        int otherwise = 1000 - replay.agreeing();
        assertTrue(otherwise <= stated + 3 * Math.sqrt(stated * confidence), replay.toString());
        assertTrue(confidence > 0.9 || otherwise >= stated / 4, replay.toString());
    }

    /** The paired test on the same images at the confidence that agrees as often or less. */
    @Test
    void itTakesFewerPairsThanTheImagesOwnErrors() {
        ErrorRecording others = new SimulatedErrors(3, 0.7).recording(500, 10, 1);
        Replay by = Replay.of(others, race(0.95, Race.COVARIANCE), 1, 1, learned);
        Replay without = Replay.of(others, race(0.8, Race.PAIRED_T), 1, 1);
        assertTrue(by.agreeing() >= without.agreeing() && by.meanPairs() < without.meanPairs(), by + ", " + without);
    }

    /** Learned among ten classes, raced among a hundred and a thousand: most are dropped at the first trial or two. */
    @ParameterizedTest
    @CsvSource({"100, 200, 12", "1000, 30, 8"})
    void manyClassesKeepTheRateToo(int classes, int images, int trialsOfEach) {
        ErrorRecording others = new SimulatedErrors(4, 0.7).recording(images, classes, 1);
        Replay replay = Replay.of(others, race(0.95, Race.COVARIANCE), 1, 1, learned);
        assertTrue(images - replay.agreeing() <= 0.05 * images + 3 * Math.sqrt(0.05 * images), replay.toString());
        assertTrue(replay.meanPairs() <= trialsOfEach * classes, replay.toString());
    }

    /** Two prompts a class: which of the two wins need not be found out, and the class is that of all trials. */
    @Test
    void severalPromptsMayStandForAClass() {
        ErrorRecording drawn = new SimulatedErrors(5, 0.7).recording(500, 10, 1);
        var pairs = new ErrorRecording(drawn.errors(), drawn.images(), drawn.labels(),
                IntStream.range(0, 10).map(prompt -> prompt / 2).boxed().toList(), drawn.trials(), drawn.elements(),
                drawn.timesteps(), drawn.settings());
        Replay replay = Replay.of(pairs, race(0.95, Race.COVARIANCE), 1, 1, learned);
        assertTrue(500 - replay.agreeing() <= 25 + 3 * Math.sqrt(25), replay.toString());
        assertTrue(replay.meanPairs() < Replay.of(drawn, race(0.95, Race.COVARIANCE), 1, 1, learned).meanPairs(),
                replay.toString());
    }

    /** A tree that has a leaf for each class and no groups. */
    @Test
    void aTreeOfLeavesIsTheRaceItself() {
        ErrorRecording others = new SimulatedErrors(13, 0.7).recording(50, 10, 1);
        var tree = new ClassTree("all", List.of(0), IntStream.range(0, 10)
                .mapToObj(prompt -> ClassTree.leaf("class " + prompt, List.of(prompt))).toList());
        Race race = race(0.95, Race.COVARIANCE);
        Strategy byTree = race.strategy(others.trials(), tree, 1, learned.bound());
        Strategy flat = learned.race(others, race, 1);
        for (int image = 0; image < 50; image++) {
            Prediction one = Replay.decide(others, image, flat);
            Prediction other = Replay.decide(others, image, byTree);
            assertEquals(one.winner().prompt(), other.winner().prompt());
            assertEquals(one.pairs(), other.pairs());
            assertEquals(one.paired(1), other.paired(1));
        }
    }

    @Test
    void largerRoundsTakeMorePairsAndNoWorseDecisions() {
        ErrorRecording others = new SimulatedErrors(6, 0.7).recording(300, 10, 1);
        Replay one = Replay.of(others, race(0.95, Race.COVARIANCE), 1, 1, learned);
        Replay twenty = Replay.of(others, race(0.95, Race.COVARIANCE), 20, 1, learned);
        assertTrue(twenty.meanPairs() > one.meanPairs(), twenty.toString());
        assertTrue(twenty.agreeing() >= one.agreeing(), one + ", " + twenty);
    }

    private static int imagesUntilNoticed(CovarianceCalibration learned, ErrorRecording raced) {
        ForecastCheck check = learned.check();
        Strategy strategy = learned.race(raced, race(0.99, Race.COVARIANCE), 1);
        for (int image = 0; image < raced.images().size(); image++) {
            check.add(Replay.decide(raced, image, strategy));
            if (check.isWrong()) {
                return image + 1;
            }
        }
        return Integer.MAX_VALUE;
    }

    @Test
    void whatFitsIsNeverTakenForWrong() {
        assertEquals(Integer.MAX_VALUE, imagesUntilNoticed(learned, new SimulatedErrors(7, 0.7).recording(2000, 10, 1)));
        assertEquals(Integer.MAX_VALUE, imagesUntilNoticed(learned, new SimulatedErrors(7, 0.7).recording(500, 10, 1.2)),
                "a little off is of no harm");
    }

    @Test
    void errorsThatVaryThreeTimesAsMuchAreNoticed() {
        int images = imagesUntilNoticed(learned, new SimulatedErrors(8, 0.7).recording(500, 10, 3));
        assertTrue(images <= 50, images + " images");
    }

    /** A margin that few trials predict is what all trials find, give or take its standard error. */
    @Test
    void marginsAreForecastsOfThoseOfAllTrials() {
        ErrorRecording others = new SimulatedErrors(11, 0.7).recording(500, 10, 1);
        Strategy strategy = learned.race(others, race(0.95, Race.COVARIANCE), 1);
        int within = 0;
        int forecasts = 0;
        for (int image = 0; image < 500; image++) {
            Prediction prediction = Replay.decide(others, image, strategy);
            double[] means = Replay.meanErrors(others, image);
            var margin = prediction.paired(1);
            int rival = prediction.ranking().get(1).prompt();
            if (prediction.ranking().get(1).errors().length < TRIALS) {
                double all = means[rival] - means[prediction.winner().prompt()];
                within += Math.abs(margin.mean() - all) <= margin.halfWidth(0.95) ? 1 : 0;
                forecasts++;
                assertEquals(margin.mean(), prediction.margin(1), 1e-9);
                assertTrue(margin.hasError());
            }
        }
        // They are looked at when the race ends, which is when a rival looks worst; that costs some of the 95 %.
        assertTrue(forecasts > 400 && within >= 0.85 * forecasts, within + " of " + forecasts);
    }

    /** The best prompt is handicapped by more than its lead: it loses, as it would after all trials. */
    @Test
    void handicapsAreAddedToTheForecast() {
        ErrorRecording others = new SimulatedErrors(12, 0.7).recording(50, 10, 1);
        Strategy strategy = learned.race(others, race(0.99, Race.COVARIANCE), 1);
        for (int image = 0; image < 50; image++) {
            double[] means = Replay.meanErrors(others, image);
            int best = IntStream.range(0, 10).reduce((a, b) -> means[a] <= means[b] ? a : b).orElseThrow();
            var handicaps = new double[10];
            handicaps[best] = 100;
            double[] sorted = Arrays.stream(means).sorted().toArray();
            int winner = Replay.decide(others, image, strategy, handicaps).winner().prompt();
            assertFalse(winner == best, "image " + image);
            assertTrue(means[winner] < sorted[9], "image " + image);
        }
    }

    @Test
    void fewImagesTeachNothing() {
        assertEquals("at least 20 images to learn from, found 19",
                CovarianceCalibration.lack(new SimulatedErrors(1, 0.5).recording(19, 3, 1)).orElseThrow());
        assertEquals("two classes, found one",
                CovarianceCalibration.lack(new SimulatedErrors(1, 0.5).recording(20, 1, 1)).orElseThrow());
        ErrorRecording enough = new SimulatedErrors(1, 0.5).recording(20, 2, 1);
        assertTrue(CovarianceCalibration.lack(enough).isEmpty());
        assertEquals(20, CovarianceCalibration.learn(enough).images());
        for (float[][] image : enough.errors()) {
            image[1] = image[0];
        }
        assertEquals("errors that differ between classes, found equal ones",
                CovarianceCalibration.lack(enough).orElseThrow());
    }
}
