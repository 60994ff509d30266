package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@link NoiseSchedule} against diffusers' alphas_cumprod. The reference is a running product in float32, ours in
 * double: they differ by up to 1e-6 of the value.
 */
class NoiseScheduleTest {

    private static final Path GOLDEN = Golden.cases().resolve("noise-schedules.safetensors");

    private static NoiseSchedule schedule(int timesteps, double start, double end, BetaSchedule schedule) {
        return new NoiseSchedule(new ScheduleConfig(timesteps, start, end, schedule, PredictionType.EPSILON));
    }

    @ParameterizedTest
    @CsvSource({"linear, LINEAR, 0.0001, 0.02", "scaled_linear, SCALED_LINEAR, 0.00085, 0.012"})
    void isTheReference(String name, BetaSchedule kind, double start, double end) {
        NoiseSchedule schedule = schedule(1000, start, end, kind);
        try (var file = SafetensorsFile.open(GOLDEN)) {
            float[] expected = Fixtures.values(file, name + ".alphas_cumprod");
            assertEquals(expected.length, schedule.timesteps());
            for (int t = 0; t < expected.length; t++) {
                assertEquals(1, schedule.alphaBar(t) / expected[t], 1e-5, "timestep " + t);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"LINEAR, 0.0001, 0.02", "SCALED_LINEAR, 0.00085, 0.012"})
    void signalFallsAsNoiseRises(BetaSchedule kind, double start, double end) {
        NoiseSchedule schedule = schedule(1000, start, end, kind);
        for (int t = 0; t < 1000; t++) {
            double signal = schedule.signalLevel(t);
            double noise = schedule.noiseLevel(t);
            assertEquals(1, signal * signal + noise * noise, 1e-6);
            assertEquals(schedule.alphaBar(t), signal * signal, 1e-6);
            assertTrue(t == 0 || schedule.alphaBar(t) < schedule.alphaBar(t - 1), "timestep " + t);
        }
    }

    @Test
    void oneTimestepHasTheFirstBeta() {
        assertEquals(0.9, schedule(1, 0.1, 0.5, BetaSchedule.LINEAR).alphaBar(0), 1e-15);
        assertEquals(0.9, schedule(1, 0.1, 0.5, BetaSchedule.SCALED_LINEAR).alphaBar(0), 1e-15);
    }

    /** β = 0.1, 0.3, 0.5, and squares of 0.2, 0.3, 0.4. */
    @Test
    void threeTimestepsByHand() {
        NoiseSchedule linear = schedule(3, 0.1, 0.5, BetaSchedule.LINEAR);
        assertEquals(0.9, linear.alphaBar(0), 1e-15);
        assertEquals(0.9 * 0.7, linear.alphaBar(1), 1e-15);
        assertEquals(0.9 * 0.7 * 0.5, linear.alphaBar(2), 1e-15);
        NoiseSchedule scaled = schedule(3, 0.04, 0.16, BetaSchedule.SCALED_LINEAR);
        assertEquals(0.96, scaled.alphaBar(0), 1e-15);
        assertEquals(0.96 * 0.91, scaled.alphaBar(1), 1e-15);
        assertEquals(0.96 * 0.91 * 0.84, scaled.alphaBar(2), 1e-15);
    }

    /** β = 0.1, 0.3, 0.5 again: β̃_1 = 0.3 · 0.1 / 0.37, β̃_2 = 0.5 · 0.37 / 0.685, and β̃_1 stands in for β̃_0. */
    @Test
    void thePosteriorOfThreeTimestepsByHand() {
        NoiseSchedule schedule = schedule(3, 0.1, 0.5, BetaSchedule.LINEAR);
        double[] beta = {0.1, 0.3, 0.5};
        double[] least = {0.3 * 0.1 / 0.37, 0.3 * 0.1 / 0.37, 0.5 * 0.37 / 0.685};
        double[] scale = {0.1 / Math.sqrt(0.9 * 0.1), 0.3 / Math.sqrt(0.7 * 0.37), 0.5 / Math.sqrt(0.5 * 0.685)};
        for (int t = 0; t < 3; t++) {
            assertEquals(Math.log(least[t]), schedule.logVariance(t), 1e-6);
            assertEquals(Math.log(beta[t] / least[t]), schedule.logRange(t), 1e-6);
            assertEquals(scale[t], schedule.meanScale(t), 1e-6);
        }
        assertEquals(Math.log(0.1), schedule(1, 0.1, 0.5, BetaSchedule.LINEAR).logVariance(0), 1e-6);
    }
}
