package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.ReverseSteps;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Diffusion#bound} against one that is worked out from the distributions, and where it is known. */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
class VariationalBoundTest {

    private static final long SEED = 20230328;
    private static final int STEPS = 1000;
    private static final double FIRST = 1e-4;
    private static final double LAST = 0.02;
    private static final NoiseProcess OF_EPSILON = process(PredictionType.EPSILON);
    private static final NoiseProcess OF_V = process(PredictionType.V_PREDICTION);
    private static final double[] BETA = IntStream.range(0, STEPS)
            .mapToDouble(t -> FIRST + (LAST - FIRST) * t / (STEPS - 1)).toArray();
    private static final int H = 5;
    private static final int W = 6;
    private static final int C = 4;
    private static final int LATENT = H * W * C;

    private final DeviceFixture on;

    private static NoiseProcess process(PredictionType prediction) {
        return NoiseProcess.of(new ScheduleConfig(STEPS, FIRST, LAST, BetaSchedule.LINEAR, prediction));
    }

    VariationalBoundTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    static Stream<Arguments> timestepsAndErrors() {
        return Stream.of(0.0, 0.01, 1.0, 10.0).flatMap(error -> Stream.of(
                Arguments.of(error, new int[] {0}, new int[] {0, 0}),
                Arguments.of(error, new int[] {1, 2, 3}, new int[] {0, 1, 1, 2}),
                Arguments.of(error, new int[] {500, 0, 999}, new int[] {0, 0, 0, 1, 2})));
    }

    /** Predictions that miss by {@code error}; a latent beyond −1 and 1 too, where a grey level has one end. */
    @ParameterizedTest
    @MethodSource("timestepsAndErrors")
    void isTheBoundOfTheDistributions(double error, int[] timesteps, int[] trialOfPair) {
        float[] x0 = on.normal(LATENT);
        float[][] epsilon = noise(timesteps.length);
        float[] predicted = predictions(epsilon, trialOfPair, error, Double.NaN);
        for (boolean squares : new boolean[] {false, true}) {
            double[] exact = exactBound(timesteps, predicted, trialOfPair, x0, epsilon, squares ? 1 : 0);
            float[] found = bound(x0, timesteps, predicted, trialOfPair, squares);
            for (int p = 0; p < found.length; p++) {
                assertEquals(exact[p], found[p], 2e-5 * exact[p] + 1e-9, "pair " + p);
            }
        }
    }

    /** A network that predicts v has the bound of the ε̂ that follows from it; squares are scaled. */
    @Test
    void isTheBoundOfTheEstimateWhateverTheNetworkPredicts() {
        int[] timesteps = {20, 400, 999, 0};
        int[] trialOfPair = {0, 1, 1, 2, 3};
        float[] x0 = on.normal(LATENT);
        float[][] epsilon = noise(timesteps.length);
        float[] estimates = predictions(epsilon, trialOfPair, 0.5, Double.NaN);
        float[] predicted = estimates.clone();
        for (int i = 0; i < predicted.length; i++) {
            if (i % (2 * C) < C) {
                int m = trialOfPair[i / (2 * LATENT)];
                int element = i % (2 * LATENT) / (2 * C) * C + i % C;
                double signal = OF_V.signal(timesteps[m]);
                double level = OF_V.level(timesteps[m]);
                double noised = signal * x0[element] + level * epsilon[m][element];
                predicted[i] = (float) ((estimates[i] - level * noised) / signal);
            }
        }
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(OF_V, x0, timesteps, 3);
        var steps = steps(timesteps);
        Tensor predictions = on.input(DType.F32, predicted, trialOfPair.length, H, W, 2 * C);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        for (boolean squares : new boolean[] {false, true}) {
            double[] exact = exactBound(timesteps, estimates, trialOfPair, x0, epsilon, squares ? 9 : 0);
            float[] found = on.run(() -> diffusion.bound(predictions, trials, steps, pairs, squares));
            for (int p = 0; p < found.length; p++) {
                assertEquals(exact[p], found[p], 2e-5 * exact[p] + 1e-9, "pair " + p);
            }
        }
    }

    /** Of two equal distributions the divergence is 0: ε̂ = ε and the variance at its lower bound, v = −1. */
    @Test
    void isNothingWhereTheModelIsRight() {
        int[] trialOfPair = {0, 1};
        float[][] epsilon = noise(2);
        float[] predicted = predictions(epsilon, trialOfPair, 0, -1);
        assertArrayEquals(new float[2], bound(on.normal(LATENT), new int[] {1, 700}, predicted, trialOfPair, true),
                1e-7f);
    }

    /** Against the normal distribution itself: Φ's approximation is within 3·10⁻⁴ of it. */
    @Test
    void isTheProbabilityOfAGreyLevelAtTheEnd() {
        float[] x0 = new float[LATENT];
        float[][] epsilon = noise(1);
        int[] one = {0};
        float[] predicted = predictions(epsilon, one, 0, -1);
        double deviation = Math.exp(OF_EPSILON.reverse(0).logVariance() / 2.0);
        double probability = 2 * new NormalDistribution(0, deviation).cumulativeProbability(1 / 255.0) - 1;
        assertEquals(-Math.log(probability) / Math.log(2), bound(x0, new int[1], predicted, one, false)[0], 2e-3);
    }

    /** A model that is sure and far off: 40 bits, −log₂ 10⁻¹², and no infinity. */
    @Test
    void isBoundedWhereTheModelIsFarOff() {
        float[][] epsilon = noise(1);
        int[] one = {0};
        float[] predicted = predictions(epsilon, one, 1e4, -1);
        assertEquals(12 / Math.log10(2), bound(new float[LATENT], new int[1], predicted, one, false)[0], 1e-4);
    }

    /** The front half of such a prediction is ε̂, its rows 2c apart: errors are those of ε̂ by itself. */
    @ParameterizedTest
    @CsvSource({"L1", "L2", "HUBER"})
    void theFrontHalfIsMeasuredAsAPredictionOfItsOwn(Loss loss) {
        int[] trialOfPair = {0, 1, 1};
        float[] x0 = on.normal(LATENT);
        float[][] epsilon = noise(2);
        float[] predicted = predictions(epsilon, trialOfPair, 1, 0.3);
        float[] front = Reference.columns(predicted, 2 * C, 0, C);
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(OF_EPSILON, x0, new int[] {3, 900}, 1);
        Tensor whole = on.input(DType.F32, predicted, trialOfPair.length, H, W, 2 * C);
        Tensor half = on.input(DType.F32, front, trialOfPair.length, H, W, C);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        var measure = new Measure(loss, false);
        assertArrayEquals(on.run(() -> diffusion.errors(half, trials, pairs, measure).mean()),
                on.run(() -> diffusion.errors(whole.columns(0, C), trials, pairs, measure).mean()));
    }

    @Test
    void refusesPredictionsWithoutVariances() {
        var trials = trials(OF_EPSILON, on.normal(LATENT), new int[] {3}, 1);
        Tensor predicted = on.input(DType.F32, on.normal(LATENT), 1, H, W, C);
        Tensor pairs = on.input(new int[1], 1);
        Diffusion diffusion = on.device().diffusion();
        assertThrows(IllegalArgumentException.class,
                () -> on.run(() -> diffusion.bound(predicted, trials, steps(new int[] {3}), pairs, false)));
    }

    private float[] bound(float[] x0, int[] timesteps, float[] predicted, int[] trialOfPair, boolean squares) {
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(OF_EPSILON, x0, timesteps, 1);
        var steps = steps(timesteps);
        Tensor predictions = on.input(DType.F32, predicted, trialOfPair.length, H, W, 2 * C);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        return on.run(() -> diffusion.bound(predictions, trials, steps, pairs, squares));
    }

    private Trials trials(NoiseProcess process, float[] x0, int[] timesteps, float errorScale) {
        return new Trials(on.input(DType.F32, x0, H, W, C), on.input(Philox.key(SEED), 2),
                on.input(IntStream.range(0, timesteps.length).toArray(), timesteps.length),
                numbers(timesteps, process::signal), numbers(timesteps, process::level),
                numbers(timesteps, process::outputScale), numbers(timesteps, process::inputScale),
                numbers(timesteps, t -> errorScale));
    }

    private ReverseSteps steps(int[] timesteps) {
        return new ReverseSteps(on.input(timesteps, timesteps.length),
                numbers(timesteps, t -> OF_EPSILON.reverse(t).meanScale()),
                numbers(timesteps, t -> OF_EPSILON.reverse(t).logVariance()),
                numbers(timesteps, t -> OF_EPSILON.reverse(t).logRange()));
    }

    private Tensor numbers(int[] timesteps, IntToDoubleFunction ofStep) {
        float[] values = new float[timesteps.length];
        for (int m = 0; m < values.length; m++) {
            values[m] = (float) ofStep.applyAsDouble(timesteps[m]);
        }
        return on.input(DType.F32, values, values.length);
    }

    private static float[][] noise(int trials) {
        return IntStream.range(0, trials).mapToObj(m -> Reference.noise(SEED, m, H, W, C)).toArray(float[][]::new);
    }

    /**
     * ε̂ and v of each pair.
     *
     * @param error deviation of ε̂ from ε
     * @param v     NaN for anything about −1 to 1
     */
    private float[] predictions(float[][] epsilon, int[] trialOfPair, double error, double v) {
        float[] missed = on.normal(trialOfPair.length * LATENT);
        float[] variances = on.normal(trialOfPair.length * LATENT, 0, 0.5);
        float[] predicted = new float[2 * missed.length];
        for (int i = 0; i < missed.length; i++) {
            int at = i / C * 2 * C + i % C;
            predicted[at] = (float) (epsilon[trialOfPair[i / LATENT]][i % LATENT] + error * missed[i]);
            predicted[at + C] = Double.isNaN(v) ? variances[i] : (float) v;
        }
        return predicted;
    }

    /**
     * The bound's term of each pair in bits a dimension, from the distributions themselves (Ho et al., 2020, eq. 5 to 8
     * and 13; Nichol and Dhariwal, 2021, eq. 15): the means of q(x_{t−1} | x_t, x₀) and of p(x_{t−1} | x_t), which is q's for
     * the x₀ that ε̂ implies, and their variances; at t = 0 the probability that p gives the grey level of x₀.
     *
     * @param timestep  [M]
     * @param predicted [P, h, w, 2c], ε̂ then v; trialOfPair [P], x0 [h, w, c], epsilon [M][h, w, c]
     * @param squares   what the mean of (ε − ε̂)² is multiplied by and added
     */
    private static double[] exactBound(int[] timestep, float[] predicted, int[] trialOfPair, float[] x0,
                                       float[][] epsilon, double squares) {
        double[] alphaBar = new double[BETA.length + 1];        // from before the first step on
        alphaBar[0] = 1;
        for (int t = 0; t < BETA.length; t++) {
            alphaBar[t + 1] = alphaBar[t] * (1 - BETA[t]);
        }
        double[] bits = new double[trialOfPair.length];
        for (int p = 0; p < bits.length; p++) {
            int m = trialOfPair[p];
            int t = timestep[m];
            double now = alphaBar[t + 1];
            double before = alphaBar[t];
            int clipped = Math.max(t, 1);
            double least = BETA[clipped] * (1 - alphaBar[clipped]) / (1 - alphaBar[clipped + 1]);
            for (int i = 0; i < x0.length; i++) {
                int at = p * 2 * x0.length + i / C * 2 * C + i % C;
                double xt = Math.sqrt(now) * x0[i] + Math.sqrt(1 - now) * epsilon[m][i];
                double implied = (xt - Math.sqrt(1 - now) * predicted[at]) / Math.sqrt(now);
                double ofX0 = Math.sqrt(before) * BETA[t] / (1 - now);
                double ofXt = Math.sqrt(1 - BETA[t]) * (1 - before) / (1 - now);
                double share = (predicted[at + C] + 1) / 2;
                double variance = Math.exp(share * Math.log(BETA[t]) + (1 - share) * Math.log(least));
                double mean = ofX0 * implied + ofXt * xt;
                double nats;
                if (t == 0) {
                    double sigma = Math.sqrt(variance);
                    double upper = x0[i] > 0.999 ? 1 : approximateNormal((x0[i] - mean + 1 / 255.0) / sigma);
                    double lower = x0[i] < -0.999 ? 0 : approximateNormal((x0[i] - mean - 1 / 255.0) / sigma);
                    nats = -Math.log(Math.max(upper - lower, 1e-12));
                } else {
                    double off = ofX0 * x0[i] + ofXt * xt - mean;
                    nats = 0.5 * (Math.log(variance / least) - 1 + least / variance + off * off / variance);
                }
                double difference = epsilon[m][i] - predicted[at];
                bits[p] += (nats / Math.log(2) + squares * difference * difference) / x0.length;
            }
        }
        return bits;
    }

    private static double approximateNormal(double x) {
        return 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
