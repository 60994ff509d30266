package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.strategy.StrategySpec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What weights of timesteps decide on the recording of {@link RecordedRacesTest}: errors multiplied here, as a run with
 * these weights would have recorded them. The figures are those of the page on races in the documentation.
 */
class WeightedRacesTest {

    private static final int TRIALS = 100;

    /** The bundled model's. */
    private static final NoiseProcess NOISE = NoiseProcess.of(
            new ScheduleConfig(1000, 0.00085, 0.012, BetaSchedule.SCALED_LINEAR, PredictionType.EPSILON));

    private static ErrorRecording recording;

    @BeforeAll
    static void read() throws URISyntaxException {
        recording = ErrorRecording.read(Path.of(WeightedRacesTest.class.getResource("/recording/fashion-mnist-1000.bin")
                .toURI()));
    }

    /** Weights by name, or 1 in a range and 0 elsewhere. */
    private static float[] factors(String weights) {
        var all = TimestepRange.all(1000);
        return TimestepWeights.named(weights).map(named -> named.factors(NOISE, all)).orElseGet(() -> {
            TimestepRange range = TimestepRange.parse(weights);
            var factors = new float[1000];
            IntStream.rangeClosed(range.from(), range.to()).forEach(step -> factors[step] = 1);
            return factors;
        });
    }

    private static ErrorRecording weighted(float[] factors) {
        var errors = new float[recording.images().size()][recording.classes().size()][TRIALS];
        for (int image = 0; image < errors.length; image++) {
            for (int prompt = 0; prompt < errors[image].length; prompt++) {
                for (int i = 0; i < TRIALS; i++) {
                    errors[image][prompt][i] = factors[recording.trials().get(i).timestep()]
                            * recording.errors()[image][prompt][i];
                }
            }
        }
        return new ErrorRecording(errors, recording.images(), recording.labels(), recording.classes(),
                recording.trials(), recording.elements(), recording.timesteps(), new TreeMap<>(recording.settings()));
    }

    /** Right by the least sum of weighted errors, in plain loops. */
    @ParameterizedTest
    @CsvSource({"uniform, 903", "500..999, 880", "0..499, 682", "snr, 490"})
    void whichTimestepsCountDecidesHowManyAreRight(String weights, int right) {
        float[] factors = factors(weights);
        int counted = 0;
        for (int image = 0; image < recording.images().size(); image++) {
            int best = -1;
            double least = Double.POSITIVE_INFINITY;
            for (int prompt = 0; prompt < recording.classes().size(); prompt++) {
                double sum = 0;
                for (int i = 0; i < TRIALS; i++) {
                    sum += (double) factors[recording.trials().get(i).timestep()]
                            * recording.errors()[image][prompt][i];
                }
                if (sum < least) {
                    least = sum;
                    best = prompt;
                }
            }
            counted += Objects.equals(recording.classes().get(best), recording.labels().get(image)) ? 1 : 0;
        }
        assertEquals(right, counted);
        assertEquals(right, Replay.of(weighted(factors), StrategySpec.parse("exhaustive", TRIALS), 1, 1).right());
    }

    /** Why races by own errors warn of such weights, and why a covariance need not. */
    @Test
    void aCovarianceKnowsWhichTrialsAreHeavy() {
        ErrorRecording snr = weighted(factors("snr"));
        Replay paired = Replay.of(snr, StrategySpec.parse("race:0.95,paired-t", TRIALS), 1, 1);
        Replay covariance = Replay.of(snr, StrategySpec.parse("race:0.95,covariance", TRIALS), 1, 1);
        assertTrue(paired.agreeing() < 800, paired.toString());
        assertTrue(covariance.agreeing() >= 950 && covariance.meanPairs() < paired.meanPairs() / 3,
                covariance.toString());
    }
}
