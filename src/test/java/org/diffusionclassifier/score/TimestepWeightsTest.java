package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much timesteps count, against the formulas and by what files say. */
class TimestepWeightsTest {

    private static final NoiseProcess NOISE =
            NoiseProcess.of(new ScheduleConfig(1000, 1e-4, 0.02, BetaSchedule.LINEAR, PredictionType.EPSILON));
    private static final TimestepRange ALL = TimestepRange.all(1000);

    @TempDir
    private Path folder;

    @Test
    void uniformChangesNoBit() {
        for (float factor : new TimestepWeights.Uniform().factors(NOISE, ALL)) {
            assertEquals(1f, factor);
        }
    }

    /** ᾱ / (1 − ᾱ) by the schedule's own products, in double, relative to its mean over the range. */
    @ParameterizedTest
    @CsvSource({"0, 999", "200, 699", "999, 999"})
    void snrIsTheRatioOfTheSquares(int from, int to) {
        var ratios = new double[1000];
        double alphaBar = 1;
        for (int t = 0; t < 1000; t++) {
            alphaBar *= 1 - (1e-4 + (0.02 - 1e-4) * t / 999);
            ratios[t] = alphaBar / (1 - alphaBar);
        }
        double mean = IntStream.rangeClosed(from, to).mapToDouble(t -> ratios[t]).average().orElseThrow();
        float[] factors = new TimestepWeights.Snr().factors(NOISE, new TimestepRange(from, to));
        for (int t = 0; t < 1000; t++) {
            double expected = t < from || t > to ? 0 : ratios[t] / mean;
            assertEquals(expected, factors[t], 1e-5 * expected, "timestep " + t);
        }
    }

    /** Two steps of flow matching, σ = ¼ and 1: 9 to 0. */
    @Test
    void snrOfFlowMatchingIsOfItsLevels() {
        assertArrayEquals(new float[] {2, 0},
                new TimestepWeights.Snr().factors(new Levels(0.25f, 1), TimestepRange.all(2)));
        refused("timestepWeights snr: expected noise at every timestep of 0..1, found none at 1",
                new TimestepWeights.Snr(), new Levels(0.5f, 0), TimestepRange.all(2));
        refused("timestepWeights: expected a weight above 0 at some timestep of 1..1, found none",
                new TimestepWeights.Snr(), new Levels(0.25f, 1), new TimestepRange(1, 1));
    }

    @Test
    void aFileHasALineForEachTimestep() throws IOException {
        var weights = file(IntStream.range(0, 1000).mapToObj(t -> t + ".5")
                .collect(Collectors.joining("\n", "\n", "\n\n")));
        float[] factors = weights.factors(NOISE, new TimestepRange(1, 3));
        assertArrayEquals(new float[] {0, 1.5f / 2.5f, 1, 3.5f / 2.5f, 0}, Arrays.copyOf(factors, 5), 1e-6f);
    }

    /** Straight lines from 0 at 10 to 4 at 20 and to 1 at 21; level before and after. */
    @Test
    void csvIsInterpolated() throws IOException {
        var weights = file("weight,step\n0,10\n4,20\n1,21\n");
        double[] expected = IntStream.range(0, 1000)
                .mapToDouble(t -> t <= 10 ? 0 : t <= 20 ? (t - 10) * 0.4 : 1).toArray();
        assertArrayEquals(expected, weights.weights(NOISE, ALL), 1e-12);
        assertArrayEquals(IntStream.range(0, 1000).mapToDouble(t -> 3).toArray(),
                file("step,weight\n500,3\n").weights(NOISE, ALL));
    }

    /** Sums that overflow, and weights next to nothing. */
    @Test
    void theUnitMakesNoDifference() throws IOException {
        float[] plain = file("step,weight\n0,1\n999,3\n").factors(NOISE, ALL);
        assertArrayEquals(plain, file("step,weight\n0,5e307\n999,1.5e308\n").factors(NOISE, ALL), 1e-6f);
        assertArrayEquals(plain, file("step,weight\n0,1e-300\n999,3e-300\n").factors(NOISE, ALL), 1e-6f);
    }

    @Test
    void settingsTellOtherContentsOfAFile() throws IOException {
        String before = file("step,weight\n0,1\n").described();
        assertEquals(before, file("step,weight\n0,1\n").described());
        assertNotEquals(before, file("step,weight\n0,2\n").described());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0,1;1,2            | : no column step, found \"0,1\"",
        "weights            | :1: weight: expected a finite number from 0 on, found \"weights\"",
        "1;-2               | :2: weight: expected a finite number from 0 on, found \"-2\"",
        "1;;NaN             | :3: weight: expected a finite number from 0 on, found \"NaN\"",
        "1e999              | :1: weight: expected a finite number from 0 on, found \"1e999\"",
        "1;2 | : expected a weight for each of the model's 1000 timesteps, or CSV of step,weight, found 2 weights",
        "''  | : expected a weight for each of the model's 1000 timesteps, or CSV of step,weight, found 0 weights",
        "step,weight        | : no rows under the header",
        "step,weight;0,1;1  | :3: expected 2 fields as in the header, found 1",
        "step,weight;0,-1   | :2: weight: expected a finite number from 0 on, found \"-1\"",
        "step,weight;1.5,1  | :2: step: expected an integer from 0, found \"1.5\"",
        "step,weight;1000,1 | :2: step: expected them to ascend up to 999, found 1000",
        "step,weight;5,1;5,2 | :3: step: expected them to ascend up to 999, found 5 after 5",
        "step,weight;0,0    | timestepWeights: expected a weight above 0 at some timestep of 0..999, found none"})
    void otherFilesAreRefused(String text, String message) throws IOException {
        var weights = file(text.replace(';', '\n'));
        refused(message.startsWith(":") ? weights.file() + message : message, weights, NOISE, ALL);
    }

    @Test
    void aFileThatIsNotThere() {
        refused(folder.resolve("none") + ": cannot be read (no such file)",
                new TimestepWeights.Read(folder.resolve("none")), NOISE, ALL);
    }

    private TimestepWeights.Read file(String text) throws IOException {
        return new TimestepWeights.Read(Files.writeString(folder.resolve("weights.txt"), text));
    }

    private static void refused(String message, TimestepWeights weights, NoiseProcess noise, TimestepRange drawn) {
        assertEquals(message, assertThrows(InputException.class, () -> weights.factors(noise, drawn)).getMessage());
    }

    /** A process whose signal and level sum to 1. @param sigma its levels */
    private record Levels(float... sigma) implements NoiseProcess {

        @Override
        public int timesteps() {
            return sigma.length;
        }

        @Override
        public float time(int step) {
            return 1000 * sigma[step];
        }

        @Override
        public float signal(int step) {
            return 1 - sigma[step];
        }

        @Override
        public float level(int step) {
            return sigma[step];
        }

        @Override
        public float outputScale(int step) {
            return signal(step);
        }

        @Override
        public float inputScale(int step) {
            return 1;
        }

        @Override
        public float errorScale(int step) {
            return 1;
        }
    }
}
