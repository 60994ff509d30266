package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link DenoisingDiffusion} against diffusers' alphas_cumprod, and the {@link NoiseProcess}es against formulas worked
 * out by hand. diffusers' is a running product in float32, ours in double: they differ by up to 1e-6 of the value.
 */
class NoiseProcessTest {

    private static final Path GOLDEN = Golden.cases().resolve("noise-schedules.safetensors");

    private static final Path FLOW = Golden.of("noise-schedules-flow.safetensors");

    private static DenoisingDiffusion process(int timesteps, double start, double end, BetaSchedule schedule) {
        return new DenoisingDiffusion(new ScheduleConfig(timesteps, start, end, schedule, PredictionType.EPSILON));
    }

    @ParameterizedTest
    @CsvSource({"linear, LINEAR, 0.0001, 0.02", "scaled_linear, SCALED_LINEAR, 0.00085, 0.012"})
    void isTheReference(String name, BetaSchedule kind, double start, double end) {
        var process = process(1000, start, end, kind);
        try (var file = SafetensorsFile.open(GOLDEN)) {
            float[] expected = Fixtures.values(file, name + ".alphas_cumprod");
            assertEquals(expected.length, process.timesteps());
            for (int t = 0; t < expected.length; t++) {
                assertEquals(1, process.alphaBar(t) / expected[t], 1e-5, "timestep " + t);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, 0.0001, 0.02", "SCALED_LINEAR, 0.00085, 0.012"})
    void signalFallsAsNoiseRises(BetaSchedule kind, double start, double end) {
        var process = process(1000, start, end, kind);
        for (int t = 0; t < 1000; t++) {
            double signal = process.signal(t);
            double noise = process.level(t);
            assertEquals(1, signal * signal + noise * noise, 1e-6);
            assertEquals(process.alphaBar(t), signal * signal, 1e-6);
            assertTrue(t == 0 || process.alphaBar(t) < process.alphaBar(t - 1), "timestep " + t);
        }
    }

    @Test
    void oneTimestepHasTheFirstBeta() {
        assertEquals(0.9, process(1, 0.1, 0.5, BetaSchedule.LINEAR).alphaBar(0), 1e-15);
        assertEquals(0.9, process(1, 0.1, 0.5, BetaSchedule.SCALED_LINEAR).alphaBar(0), 1e-15);
    }

    /** β = 0.1, 0.3, 0.5, and squares of 0.2, 0.3, 0.4. */
    @Test
    void threeTimestepsByHand() {
        var linear = process(3, 0.1, 0.5, BetaSchedule.LINEAR);
        assertEquals(0.9, linear.alphaBar(0), 1e-15);
        assertEquals(0.9 * 0.7, linear.alphaBar(1), 1e-15);
        assertEquals(0.9 * 0.7 * 0.5, linear.alphaBar(2), 1e-15);
        var scaled = process(3, 0.04, 0.16, BetaSchedule.SCALED_LINEAR);
        assertEquals(0.96, scaled.alphaBar(0), 1e-15);
        assertEquals(0.96 * 0.91, scaled.alphaBar(1), 1e-15);
        assertEquals(0.96 * 0.91 * 0.84, scaled.alphaBar(2), 1e-15);
    }

    /**
     * Computed in double precision by torch 1.13: torch.cumprod(1 - betas, 0) with betas = linspace(start, end, 1000),
     * or linspace(√start, √end, 1000)², or min(1 − f((i + 1) / 1000) / f(i / 1000), 0.999), f(t) = cos²((t + 0.008) /
     * 1.008 · π / 2); stretched, (s − s[-1]) · s[0] / (s[0] − s[-1]), squared, of s = √ᾱ. The scaled linear one's σ at
     * 999, which is √((1 − ᾱ) / ᾱ) = 14.61, is Stable Diffusion's published sigma_max.
     */
    @ParameterizedTest
    @CsvSource({
        "LINEAR, 0.0001, 0.02, false, 0.9999, 0.07779665836502389, 4.118193638138445e-05, 4.035829765375676e-05",
        "LINEAR, 0.00085, 0.012, false, 0.99915, 0.160771599870189, 0.001598140617967046, 0.0015789629305514416",
        "SCALED_LINEAR, 0.00085, 0.012, false, 0.99915, 0.2763326838229747, 0.00471669889987575, 0.004660098513077241",
        "COSINE, 0.5, 0.5, false, 0.999958715775178, 0.49228517244880304, 2.42876690703e-06, 2.42876690703e-09",
        "LINEAR, 0.0001, 0.02, true, 0.9999, 0.0752462157043267, 4.213262465088072e-09, 0",
        "SCALED_LINEAR, 0.00085, 0.012, true, 0.99915, 0.24101878275731586, 1.96788805662116e-07, 0",
        "COSINE, 0.5, 0.5, true, 0.9999587157751779, 0.4922645385316662, 2.277811478992018e-06, 0"})
    void isTheReferenceOfEverySchedule(BetaSchedule schedule, double start, double end, boolean stretched,
                                       double at0, double at500, double at998, double at999) {
        var process = new DenoisingDiffusion(new ScheduleConfig(1000, start, end, schedule, PredictionType.EPSILON)
                .withZeroTerminalSnr(stretched));
        assertEquals(at0, process.alphaBar(0), 1e-12);
        assertEquals(at500, process.alphaBar(500), 1e-12 * at500);
        assertEquals(at998, process.alphaBar(998), 1e-9 * at998);
        assertEquals(at999, process.alphaBar(999), 1e-9 * at999);
    }

    /** The β of a formula as a list are that formula's, stretched as well. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trainedBetasAreBeta(boolean stretched) {
        var listed = new DenoisingDiffusion(new ScheduleConfig(3, 0.5, 0.5, BetaSchedule.COSINE,
                List.of(0.1, 0.3, 0.5), stretched, PredictionType.V_PREDICTION));
        var linear = new DenoisingDiffusion(new ScheduleConfig(3, 0.1, 0.5, BetaSchedule.LINEAR,
                PredictionType.V_PREDICTION).withZeroTerminalSnr(stretched));
        for (int t = 0; t < 3; t++) {
            assertEquals(linear.alphaBar(t), listed.alphaBar(t), 1e-15);
        }
        assertEquals(stretched, listed.signal(2) == 0);
    }

    /**
     * β = 0.1, 0.3, 0.5 stretched: √ᾱ = √0.9, √0.63, √0.315 less √0.315, times √0.9 / (√0.9 − √0.315). At the last step
     * x_t = ε: an ε-predictor's output is measured, a v-predictor's has no influence, and no number is infinite or NaN.
     */
    @Test
    void zeroTerminalSnrByHand() {
        double first = Math.sqrt(0.9);
        double last = Math.sqrt(0.315);
        for (PredictionType prediction : PredictionType.values()) {
            NoiseProcess process = NoiseProcess.of(
                    new ScheduleConfig(3, 0.1, 0.5, BetaSchedule.LINEAR, prediction).withZeroTerminalSnr(true));
            assertEquals(first, process.signal(0), 1e-7);
            assertEquals((Math.sqrt(0.63) - last) * first / (first - last), process.signal(1), 1e-7);
            assertEquals(0, process.signal(2));
            assertEquals(1, process.level(2));
            assertEquals(prediction == PredictionType.EPSILON ? 7 : 1.25, estimate(process, 2, 7, -0.5, 1.25));
            assertEquals(1, process.errorScale(2));
            assertFalse(process.hasBound());
            // the reverse step up to there is still what the betas say: β_1 = 1 − ᾱ_1 / ᾱ_0
            double alpha = square(process.signal(1)) / 0.9;
            assertEquals((1 - alpha) / Math.sqrt(alpha * (1 - square(process.signal(1)))),
                    process.reverse(1).meanScale(), 1e-6);
        }
        assertTrue(process(3, 0.1, 0.5, BetaSchedule.LINEAR).hasBound());
    }

    @Test
    void oneStepCannotBeStretched() {
        assertEquals("rescale_betas_zero_snr: expected a schedule whose signal falls from its first step to its last, "
                + "found a signal of 0.8 at both", Fixtures.inputError(() -> NoiseProcess.of(
                        new ScheduleConfig(1, 0.36, 0.5, BetaSchedule.LINEAR, PredictionType.EPSILON)
                                .withZeroTerminalSnr(true))));
    }

    private static double square(double x) {
        return x * x;
    }

    /** β = 0.1, 0.3, 0.5 again: β̃_1 = 0.3 · 0.1 / 0.37, β̃_2 = 0.5 · 0.37 / 0.685, and β̃_1 stands in for β̃_0. */
    @Test
    void theReverseStepsOfThreeTimestepsByHand() {
        var process = process(3, 0.1, 0.5, BetaSchedule.LINEAR);
        double[] beta = {0.1, 0.3, 0.5};
        double[] least = {0.3 * 0.1 / 0.37, 0.3 * 0.1 / 0.37, 0.5 * 0.37 / 0.685};
        double[] scale = {0.1 / Math.sqrt(0.9 * 0.1), 0.3 / Math.sqrt(0.7 * 0.37), 0.5 / Math.sqrt(0.5 * 0.685)};
        for (int t = 0; t < 3; t++) {
            assertEquals(Math.log(least[t]), process.reverse(t).logVariance(), 1e-6);
            assertEquals(Math.log(beta[t] / least[t]), process.reverse(t).logRange(), 1e-6);
            assertEquals(scale[t], process.reverse(t).meanScale(), 1e-6);
        }
        assertEquals(Math.log(0.1), process(1, 0.1, 0.5, BetaSchedule.LINEAR).reverse(0).logVariance(), 1e-6);
    }

    @Test
    void theNetworkIsGivenTheStepAndItsNoiseIsMeasured() {
        for (PredictionType prediction : PredictionType.values()) {
            NoiseProcess process = NoiseProcess.of(ScheduleConfig.stableDiffusion(prediction));
            assertEquals(1000, process.timesteps());
            for (int step : new int[] {0, 1, 999}) {
                assertEquals(step, process.time(step));
                assertEquals(1, process.errorScale(step));
            }
        }
    }

    /** ε-prediction: the output is ε̂, to the bit. */
    @Test
    void theOutputOfAnEpsilonModelIsTheNoise() {
        NoiseProcess process = NoiseProcess.of(ScheduleConfig.stableDiffusion(PredictionType.EPSILON));
        for (int step = 0; step < process.timesteps(); step++) {
            assertEquals(1, process.outputScale(step));
            assertEquals(0, process.inputScale(step));
        }
    }

    @Test
    void vGivesTheNoise() {
        NoiseProcess process = NoiseProcess.of(ScheduleConfig.stableDiffusion(PredictionType.V_PREDICTION));
        for (int step : new int[] {0, 100, 500, 999}) {
            double signal = process.signal(step);
            double level = process.level(step);
            assertEquals(1.25, estimate(process, step, signal * 1.25 - level * -0.5, -0.5, 1.25), 1e-6);
        }
    }

    /** Three steps of σ = ⅓, ⅔, 1 before the shift, which at 3 makes ⅗, 6⁄7 and 1 of them; the last is held back a little. */
    @Test
    void flowMatchingByHand() {
        NoiseProcess process = NoiseProcess.of(new FlowConfig(3, 3));
        double[] sigma = {3 / 5.0, 6 / 7.0, FlowMatching.MOST_NOISE};
        assertEquals(3, process.timesteps());
        for (int step = 0; step < 3; step++) {
            assertEquals(step == 2 ? 1000 : 1000 * sigma[step], process.time(step), 1e-4);
            assertEquals(sigma[step], process.level(step), 1e-7);
            assertEquals(1 - sigma[step], process.signal(step), 1e-7);
            assertEquals(1, process.inputScale(step));
            assertEquals(1.25, estimate(process, step, 1.25 - -0.5, -0.5, 1.25), 1e-6);
            // a network that predicts 2 where ε − x₀ is 1.75 errs by ¼, measured in the velocity
            double missed = 1.25 - estimate(process, step, 2, -0.5, 1.25);
            assertEquals(-0.25, process.errorScale(step) * missed, 1e-3);
            assertEquals(1, process.measuring(Target.EPSILON).errorScale(step));
        }
        assertFalse(process.hasBound());
        assertThrows(UnsupportedOperationException.class, () -> process.reverse(0));
    }

    /** diffusers lists from most noise to least, in float32. */
    @ParameterizedTest
    @CsvSource({"1", "3"})
    void flowMatchingIsTheReference(int shift) {
        NoiseProcess process = NoiseProcess.of(new FlowConfig(1000, shift));
        try (var file = SafetensorsFile.open(FLOW)) {
            float[] sigmas = Fixtures.values(file, "sigmas.shift" + shift);
            float[] times = Fixtures.values(file, "timesteps.shift" + shift);
            for (int step = 0; step < 1000; step++) {
                assertEquals(Math.min(sigmas[999 - step], FlowMatching.MOST_NOISE), process.level(step), 1e-6, "step " + step);
                assertEquals(times[999 - step], process.time(step), 1e-3, "step " + step);
            }
        }
    }

    @Test
    void zeroTerminalSnrIsTheReference() {
        var process = new DenoisingDiffusion(ScheduleConfig.stableDiffusion(PredictionType.V_PREDICTION)
                .withZeroTerminalSnr(true));
        try (var file = SafetensorsFile.open(FLOW)) {
            float[] expected = Fixtures.values(file, "alphas_cumprod.zero_snr");
            for (int t = 0; t < 1000; t++) {
                assertEquals(expected[t], process.alphaBar(t), 1e-6, "timestep " + t);
            }
        }
    }

    @Test
    void onlyFlowMatchingMeasuresAVelocity() {
        NoiseProcess process = process(1000, 0.0001, 0.02, BetaSchedule.LINEAR);
        assertEquals(process, process.measuring(Target.EPSILON));
        assertEquals("target velocity: expected a model of flow matching, as Stable Diffusion 3; others have epsilon alone",
                assertThrows(InputException.class, () -> process.measuring(Target.VELOCITY)).getMessage());
    }

    /** ε̂ of an output. */
    private static double estimate(NoiseProcess process, int step, double output, double x0, double epsilon) {
        double noised = process.signal(step) * x0 + process.level(step) * epsilon;
        return process.outputScale(step) * output + process.inputScale(step) * noised;
    }
}
