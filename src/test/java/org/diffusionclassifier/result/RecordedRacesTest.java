package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.StrategySpec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Races and calibration on recorded errors of the bundled model, 500 images × 10 classes × 100 trials: what the defaults
 * were chosen by. {@code recording/README.md} says how they were made.
 */
class RecordedRacesTest {

    private static final int TRIALS = 100;
    private static ErrorRecording recording;
    private static Replay exhaustive;

    @BeforeAll
    static void read() throws URISyntaxException {
        recording = ErrorRecording.read(Path.of(
                RecordedRacesTest.class.getResource("/recording/fashion-mnist-500.bin").toURI()));
        exhaustive = Replay.of(recording, StrategySpec.parse("exhaustive", TRIALS), 1, 1);
    }

    @Test
    void holdsFiveHundredImages() {
        assertEquals(500, recording.images().size());
        assertEquals(10, recording.classes().size());
        assertEquals(TRIALS, recording.trials().size());
        assertEquals(1000, exhaustive.meanPairs());
        assertEquals(500, exhaustive.agreeing());
    }

    /** An eighth of all pairs, a quarter of those of the paper's stages. */
    @Test
    void theDefaultRaceDecidesAsAllTrialsDoWithAnEighthOfThem() {
        Replay staged = Replay.of(recording, StrategySpec.parse("staged:20,100/5,1", TRIALS), 1, 1);
        Replay race = Replay.of(recording, new Race(Race.CONFIDENCE, Race.BOUND, TRIALS, null), 1, 1);
        assertTrue(race.meanPairs() <= exhaustive.meanPairs() / 8, race.toString());
        assertTrue(race.meanPairs() <= staged.meanPairs() / 4, race.toString());
        assertTrue(race.agreeing() >= 0.99 * 500, race.toString());
        assertTrue(Math.abs(race.right() - exhaustive.right()) <= 0.005 * 500, race.toString());
    }

    /** A prediction counts as wrong here where it is another than all trials', and claimed to be sure. */
    @ParameterizedTest
    @CsvSource({"0.5", "0.8", "0.95", "0.99"})
    void theAnytimeBoundKeepsItsPromise(double confidence) {
        Replay race = Replay.of(recording, new Race(confidence, "anytime", TRIALS, null), 1, 1);
        assertTrue(500 - race.agreeing() <= (1 - confidence) * 500, race.toString());
        assertTrue(race.meanPairs() < exhaustive.meanPairs() / 2, race.toString());
    }

    /** As many pairs at once as a processor wants cost some, and change no decision for the worse. */
    @Test
    void largerRoundsTakeMorePairsAndNoWorseDecisions() {
        var plan = StrategySpec.parse("race:0.95", TRIALS);
        Replay one = Replay.of(recording, plan, 1, 1);
        Replay ten = Replay.of(recording, plan, 10, 1);
        assertTrue(ten.meanPairs() > one.meanPairs() && ten.meanPairs() < 1.2 * one.meanPairs(), ten.toString());
        assertTrue(ten.agreeing() >= 0.99 * 500, ten.toString());
    }

    /** Though a race's losers are judged by few trials, its probabilities are as good as those of all trials. */
    @Test
    void theTemperatureOfAllTrialsServesRacesToo() {
        Replay race = Replay.of(recording, StrategySpec.parse("race:0.95", TRIALS), 1, Calibration.bundled().temperature());
        assertTrue(race.calibrationError() < 0.03, race.toString());
    }

    @Test
    void theBundledModelsCalibrationIsThatOfTheRecording() {
        Calibration fitted = Calibration.fit(recording);
        assertEquals(fitted.temperature(), Calibration.bundled().temperature(), 1e-4 * fitted.temperature());
        assertTrue(fitted.error() < 0.05, fitted.toString());
        assertTrue(fitted.error() < fitted.errorBefore(), fitted.toString());
        assertTrue(fitted.loss() < fitted.lossBefore(), fitted.toString());
    }
}
