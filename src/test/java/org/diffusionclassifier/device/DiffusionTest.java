package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link Diffusion} against the {@link Reference}, by the criterion of {@link DeviceFixture}. Errors are float32 on
 * every device, and so are the latent, the levels and the predictions that they are made of.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class DiffusionTest {

    private static final long SEED = 0x9E3779B97F4A7C15L;
    private static final int[] NOISE_INDEX = {5, 0, 999};
    private static final float[] SIGNAL = {0.9f, 0.1f, 0.5f};
    private static final float[] LEVEL = {0.43588989f, 0.99498744f, 0.8660254f};

    private final DeviceFixture on;

    DiffusionTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1", "1,5,3,4", "3,5,3,4", "3,1,7,3", "2,16,16,4"})
    void mixesSeededNoiseIntoTheLatent(int count, int h, int w, int c) {
        float[] x0 = on.normal(h * w * c);
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(x0, NOISE_INDEX, count, h, w, c);
        on.assertMatches(r -> r.addNoise(x0, seeded(count, h, w, c), levels(SIGNAL, count), levels(LEVEL, count)),
                on.run(() -> diffusion.addNoise(trials)));
    }

    @Test
    void mixesGivenNoiseIntoTheLatent() {
        float[] table = on.normal(4 * 5 * 3 * 2);
        float[] x0 = on.normal(5 * 3 * 2);
        Diffusion diffusion = on.device().diffusion(on.input(DType.F32, table, 4, 5, 3, 2));
        int[] noiseIndex = {3, 0, 3};
        var trials = trials(x0, noiseIndex, 3, 5, 3, 2);
        float[][] epsilon = IntStream.of(noiseIndex)
                .mapToObj(i -> Arrays.copyOfRange(table, i * x0.length, (i + 1) * x0.length)).toArray(float[][]::new);
        on.assertMatches(r -> r.addNoise(x0, epsilon, SIGNAL, LEVEL), on.run(() -> diffusion.addNoise(trials)));
    }

    static Stream<Arguments> lossesAndPredictions() {
        return Stream.of(Loss.values()).flatMap(loss -> Stream.of(PredictionType.values())
                .map(prediction -> Arguments.of(loss, prediction)));
    }

    @ParameterizedTest
    @MethodSource("lossesAndPredictions")
    void averagesTheLossOfEachPair(Loss loss, PredictionType prediction) {
        check(loss, prediction, new int[] {0, 0, 1, 2, 2, 2, 2}, 1);
        check(loss, prediction, new int[] {0}, 1);
    }

    @ParameterizedTest
    @MethodSource("lossesAndPredictions")
    void keepsLargeErrors(Loss loss, PredictionType prediction) {
        check(loss, prediction, new int[] {0, 1, 2}, 1e4);
    }

    private void check(Loss loss, PredictionType prediction, int[] trialOfPair, double magnitude) {
        int h = 5;
        int w = 7;
        int c = 4;
        int count = trialOfPair[trialOfPair.length - 1] + 1;
        float[] x0 = on.normal(h * w * c);
        float[] predicted = on.normal(trialOfPair.length * h * w * c, 0, magnitude);
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(x0, NOISE_INDEX, count, h, w, c);
        Tensor predictions = on.input(DType.F32, predicted, trialOfPair.length, h, w, c);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        for (boolean map : new boolean[] {false, true}) {
            DeviceFixture.assertMatches(DType.F32, 1,
                    r -> r.errors(predicted, trialOfPair, x0, seeded(count, h, w, c), levels(SIGNAL, count),
                            levels(LEVEL, count), loss, prediction, map ? c : x0.length),
                    on.run(() -> {
                        var errors = diffusion.errors(predictions, trials, pairs, new Measure(loss, prediction, map));
                        return map ? errors.map() : errors.mean();
                    }));
        }
    }

    /** A network that knows the noise, or v, has no error to speak of. */
    @ParameterizedTest
    @EnumSource(PredictionType.class)
    void theTruePredictionHasNoError(PredictionType prediction) {
        float[] x0 = on.normal(4 * 4 * 4);
        float[] epsilon = Reference.noise(SEED, NOISE_INDEX[0], 4, 4, 4);
        float[] truth = new float[x0.length];
        for (int i = 0; i < truth.length; i++) {
            truth[i] = prediction == PredictionType.EPSILON ? epsilon[i] : SIGNAL[0] * epsilon[i] - LEVEL[0] * x0[i];
        }
        Diffusion diffusion = on.device().diffusion();
        var trials = trials(x0, NOISE_INDEX, 1, 4, 4, 4);
        Tensor predicted = on.input(DType.F32, truth, 1, 4, 4, 4);
        Tensor pairs = on.input(new int[1], 1);
        assertArrayEquals(new float[1],
                on.run(() -> diffusion.errors(predicted, trials, pairs, new Measure(Loss.L1, prediction, false)).mean()), 1e-6f);
    }

    /** Within the first convolution: sizes below, at and beyond its tile of 8 × 16 pixels, lines that 4 does not divide. */
    @ParameterizedTest
    @CsvSource({"1,1,1,4,8", "2,5,7,4,12", "3,8,16,4,64", "2,9,17,3,72", "1,17,33,8,5", "1,16,20,9,8"})
    void mixesNoiseInWithinTheFirstConvolution(int count, int h, int w, int c, int out) {
        float[] x0 = on.normal(h * w * c);
        float[] filters = on.normal(out * c * 9, 0, 0.2);
        float[] bias = on.normal(out);
        var spec = Conv2d.Spec.of(c, out, 3);
        var trials = trials(x0, NOISE_INDEX, count, h, w, c);
        Diffusion diffusion = on.device().diffusion();
        try (Conv2d first = on.device().conv2d(spec, weights(filters, bias, out, c))) {
            on.assertMatches(r -> {
                double[] noised = r.addNoise(x0, seeded(count, h, w, c), levels(SIGNAL, count), levels(LEVEL, count));
                return r.conv2d(spec, count, h, w, floats(noised), null, filters, bias, null);
            }, on.run(() -> diffusion.convolveNoised(trials, first)));
        }
    }

    /** And the norm behind it, with moments from the convolution where its tiles of 8 × 16 pixels are whole. */
    @ParameterizedTest
    @CsvSource({"2,32,32,80,8", "1,40,48,96,32", "2,31,33,80,8"})
    void normalisesWhatTheFirstConvolutionWrites(int count, int h, int w, int out, int groups) {
        float[] x0 = on.normal(h * w * 4);
        float[] filters = on.normal(out * 4 * 9, 0, 0.2);
        float[] bias = on.normal(out, 3, 1);
        float[] gain = on.normal(out);
        var spec = Conv2d.Spec.of(4, out, 3).thenNormalized();
        var normalized = new GroupNorm.Spec(out, groups, 1e-5f, true);
        var trials = trials(x0, NOISE_INDEX, count, h, w, 4);
        Diffusion diffusion = on.device().diffusion();
        var parameters = new MapWeights().with("weight", gain, out).with("bias", bias, out);
        try (Conv2d first = on.device().conv2d(spec, weights(filters, bias, out, 4));
                GroupNorm norm = on.device().groupNorm(normalized, parameters)) {
            on.assertMatches(r -> {
                double[] noised = r.addNoise(x0, seeded(count, h, w, 4), levels(SIGNAL, count), levels(LEVEL, count));
                double[] map = r.conv2d(spec, count, h, w, floats(noised), null, filters, bias, null);
                return r.norms().groupNorm(normalized, count, floats(map), null, gain, bias);
            }, on.run(() -> norm.forward(diffusion.convolveNoised(trials, first))));
        }
    }

    @ParameterizedTest
    @CsvSource({"L2,EPSILON,1,1,4,8", "L1,EPSILON,5,7,4,40", "HUBER,V_PREDICTION,8,16,4,64", "L2,V_PREDICTION,9,17,3,32",
            "L1,V_PREDICTION,17,33,8,8", "L2,EPSILON,9,17,2,36", "HUBER,EPSILON,4,4,9,16"})
    void measuresWithinTheLastConvolution(Loss loss, PredictionType prediction, int h, int w, int c, int in) {
        int[] trialOfPair = {0, 0, 1, 2};
        int count = 3;
        float[] x0 = on.normal(h * w * c);
        float[] features = on.normal(trialOfPair.length * h * w * in);
        float[] filters = on.normal(c * in * 9, 0, 0.1);
        float[] bias = on.normal(c);
        var spec = Conv2d.Spec.of(in, c, 3).toFloat();
        var trials = trials(x0, NOISE_INDEX, count, h, w, c);
        Tensor x = on.input(features, trialOfPair.length, h, w, in);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        Diffusion diffusion = on.device().diffusion();
        double[] predicted = Reference.storing(DType.F32)
                .conv2d(spec, trialOfPair.length, h, w, features, null, filters, bias, null);
        try (Conv2d last = on.device().conv2d(spec, weights(filters, bias, c, in))) {
            for (boolean map : new boolean[] {false, true}) {
                DeviceFixture.assertMatches(DType.F32, Math.sqrt(in),
                        r -> r.errors(floats(predicted), trialOfPair, x0, seeded(count, h, w, c), levels(SIGNAL, count),
                                levels(LEVEL, count), loss, prediction, map ? c : x0.length),
                        on.run(() -> {
                            var errors = diffusion.errors(x, last, trials, pairs, new Measure(loss, prediction, map));
                            return map ? errors.map() : errors.mean();
                        }));
            }
        }
    }

    private static MapWeights weights(float[] filters, float[] bias, int out, int in) {
        return new MapWeights().with("weight", filters, out, in, 3, 3).with("bias", bias, out);
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private Diffusion.Trials trials(float[] x0, int[] noiseIndex, int count, int h, int w, int c) {
        return new Diffusion.Trials(on.input(DType.F32, x0, h, w, c),
                on.input(Philox.key(SEED), 2), on.input(Arrays.copyOf(noiseIndex, count), count),
                on.input(DType.F32, levels(SIGNAL, count), count),
                on.input(DType.F32, levels(LEVEL, count), count));
    }

    private static float[] levels(float[] levels, int count) {
        return Arrays.copyOf(levels, count);
    }

    private static float[][] seeded(int count, int h, int w, int c) {
        return IntStream.range(0, count).mapToObj(m -> Reference.noise(SEED, NOISE_INDEX[m], h, w, c))
                .toArray(float[][]::new);
    }
}
