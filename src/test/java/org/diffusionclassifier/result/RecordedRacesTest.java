package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.strategy.covariance.ForecastCheck;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Races and calibration on recorded errors of the bundled model, 1000 images × 10 classes × 100 trials, from which its own
 * calibration was made. {@code recording/README.md} says how they were recorded.
 */
class RecordedRacesTest {

    private static final int IMAGES = 1000;
    private static final int TRIALS = 100;
    private static ErrorRecording recording;
    private static Replay exhaustive;

    @BeforeAll
    static void read() throws URISyntaxException {
        recording = ErrorRecording.read(Path.of(RecordedRacesTest.class.getResource("/recording/fashion-mnist-1000.bin")
                .toURI()));
        exhaustive = Replay.of(recording, StrategySpec.parse("exhaustive", TRIALS), 1, 1);
    }

    @Test
    void holdsAThousandImages() {
        assertEquals(IMAGES, recording.images().size());
        assertEquals(10, recording.classes().size());
        assertEquals(TRIALS, recording.trials().size());
        assertEquals(1000, exhaustive.meanPairs());
        assertEquals(IMAGES, exhaustive.agreeing());
    }

    /** An eighth of all pairs, a quarter of those of the paper's stages. */
    @Test
    void theDefaultRaceDecidesAsAllTrialsDoWithAnEighthOfThem() {
        Replay staged = Replay.of(recording, StrategySpec.parse("staged:20,100/5,1", TRIALS), 1, 1);
        Replay race = Replay.of(recording, new Race(Race.CONFIDENCE, Race.PAIRED_T, TRIALS, null), 1, 1);
        assertTrue(race.meanPairs() <= exhaustive.meanPairs() / 8, race.toString());
        assertTrue(race.meanPairs() <= staged.meanPairs() / 4, race.toString());
        assertTrue(race.agreeing() >= 0.99 * IMAGES, race.toString());
        assertTrue(Math.abs(race.right() - exhaustive.right()) <= 0.005 * IMAGES, race.toString());
    }

    /**
     * Races by covariance: on each half of the images by what the other half taught, z included. The bounds are what was
     * set out to be reached; the table on races in the documentation has what is.
     */
    @ParameterizedTest
    @CsvSource({"0.995, 99.5, 68", "0.99, 99, 60", "0.97, 97, 35"})
    void knowingHowTrialsCovaryHalvesThePairs(double confidence, double agreeing, double pairs) {
        Replay race = Replay.of(recording, new Race(confidence, Race.COVARIANCE, TRIALS, null), 1, 1);
        assertTrue(race.agreeing() >= agreeing / 100 * IMAGES && race.meanPairs() <= pairs, race.toString());
        assertTrue(race.right() >= exhaustive.right() - 0.002 * IMAGES, race.toString());
    }

    /**
     * As {@code evaluate --learn 50} has it: each twentieth of the images teaches others. On average the stated rate
     * holds; what 50 images measure of it varies by a few per cent from one twentieth to the next.
     */
    @ParameterizedTest
    @CsvSource({"0.9, 30", "0.95, 50", "0.99, 75"})
    void fiftyImagesTeachNearlyAsMuch(double confidence, double most) {
        int parts = IMAGES / 50;
        int others = 5;
        int agreeing = 0;
        double pairs = 0;
        for (int from = 0; from < parts; from++) {
            CovarianceCalibration fifty = CovarianceCalibration.learn(recording.every(parts, from));
            for (int other = from + 1; other <= from + others; other++) {
                Replay race = Replay.of(recording.every(parts, other % parts),
                        Race.atConfidence(confidence).by(Race.COVARIANCE), 1, 1, fifty);
                agreeing += race.agreeing();
                pairs += race.meanPairs() / (parts * others);
            }
        }
        int raced = parts * others * 50;
        double deviation = Math.sqrt(raced * confidence * (1 - confidence));
        assertTrue(agreeing >= confidence * raced - 2 * deviation, agreeing + " of " + raced);
        assertTrue(pairs <= most, pairs + " pairs");
    }

    /** 50 000 pairs, and a third of those of a race without: less than what 1000 images of such a race take. */
    @Test
    void learningPaysForItself() {
        ErrorRecording fifty = recording.every(IMAGES / 50, 0);
        Payback payback = Payback.of(fifty, CovarianceCalibration.learn(fifty), Race.byDefault());
        assertEquals(50 * 10 * TRIALS, payback.spent());
        long after = payback.after(50);
        assertTrue(payback.saves() && after > 50 && after < 1000, payback.toString());
        assertTrue(payback.spent() + (after - 50) * payback.with() <= after * payback.without(), payback.toString());
        assertTrue(payback.spent() + (after - 51) * payback.with() > (after - 1) * payback.without(), payback.toString());
    }

    /** What was learned, as it is and with one thing made wrong. */
    enum Learned {
        RIGHT, INDEPENDENT, REVERSED, TOO_SURE;

        CovarianceCalibration of(CovarianceCalibration right) {
            float[][] rows = right.covariance();
            var changed = new float[TRIALS][];
            for (int i = 0; i < TRIALS; i++) {
                changed[i] = new float[i + 1];
                for (int j = 0; j <= i; j++) {
                    changed[i][j] = this == REVERSED ? rows[TRIALS - 1 - j][TRIALS - 1 - i]
                            : this == INDEPENDENT && i != j ? 0 : rows[i][j];
                }
            }
            return new CovarianceCalibration(right.conditions(), right.images(), right.timesteps(), right.noise(), changed,
                    this == TOO_SURE ? right.scale() / 16 : right.scale(), right.freedom(), right.risk(), right.expected());
        }
    }

    /** Learned on one half of the images, and noticed on the other. */
    @ParameterizedTest
    @EnumSource(Learned.class)
    void aWrongCovarianceIsNoticed(Learned learned) {
        CovarianceCalibration half = learned.of(CovarianceCalibration.learn(recording.every(2, 0)));
        ErrorRecording others = recording.every(2, 1);
        ForecastCheck check = half.check();
        Strategy strategy = half.race(others, Race.byDefault().by(Race.COVARIANCE), 1);
        int images = 0;
        while (images < IMAGES / 2 && !check.isWrong()) {
            check.add(Replay.decide(others, images++, strategy));
        }
        assertEquals(learned != Learned.RIGHT, check.isWrong());
        assertTrue(learned == Learned.RIGHT || images <= 100, images + " images");
    }

    @Test
    void theBundledModelsCovarianceIsThatOfItsRecording() {
        CovarianceCalibration fitted = CovarianceCalibration.learn(recording);
        CovarianceCalibration kept = Calibration.bundled().covariance();
        assertEquals(fitted.conditions(), kept.conditions());
        assertEquals(fitted.risk(), kept.risk());
        assertEquals(fitted.scale(), kept.scale(), 1e-6 * fitted.scale());
        for (int i = 0; i < TRIALS; i++) {
            assertArrayEquals(fitted.covariance()[i], kept.covariance()[i], 2e-5f);
        }
    }

    /** A prediction counts as wrong here where it is another than all trials', and claimed to be sure. */
    @ParameterizedTest
    @CsvSource({"0.5", "0.8", "0.95", "0.99"})
    void theAnytimeBoundKeepsItsPromise(double confidence) {
        Replay race = Replay.of(recording, new Race(confidence, "anytime", TRIALS, null), 1, 1);
        assertTrue(IMAGES - race.agreeing() <= (1 - confidence) * IMAGES, race.toString());
        assertTrue(race.meanPairs() < exhaustive.meanPairs() / 2, race.toString());
    }

    /** As many pairs at once as a processor wants cost some, and change no decision for the worse. */
    @Test
    void largerRoundsTakeMorePairsAndNoWorseDecisions() {
        var plan = StrategySpec.parse("race:0.95", TRIALS);
        Replay one = Replay.of(recording, plan, 1, 1);
        Replay ten = Replay.of(recording, plan, 10, 1);
        assertTrue(ten.meanPairs() > one.meanPairs() && ten.meanPairs() < 1.2 * one.meanPairs(), ten.toString());
        assertTrue(ten.agreeing() >= 0.99 * IMAGES, ten.toString());
    }

    /** Though a race's losers are judged by few trials, its probabilities are nearly as good as those of all trials. */
    @Test
    void theTemperatureOfAllTrialsServesRacesToo() {
        Replay race = Replay.of(recording, StrategySpec.parse("race:0.95", TRIALS), 1,
                Calibration.fit(recording).temperature());
        assertTrue(race.calibrationError() < 0.05, race.toString());
    }

    @Test
    void theBundledModelsCalibrationIsThatOfItsRecording() {
        Calibration fitted = Calibration.fit(recording);
        assertEquals(fitted.temperature(), Calibration.bundled().temperature(), 1e-4 * fitted.temperature());
        assertTrue(fitted.error() < 0.06, fitted.toString());
        assertTrue(fitted.error() < fitted.errorBefore(), fitted.toString());
        assertTrue(fitted.loss() < fitted.lossBefore(), fitted.toString());
    }
}
