package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link Diffusion} against the {@link Reference}, by the criterion of {@link DeviceFixture}. Errors are float32 on
 * every device, and so are the latent, the noise process' numbers and the predictions that they are made of.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
class DiffusionTest {

    private static final long SEED = 0x9E3779B97F4A7C15L;
    private static final int[] NOISE_INDEX = {5, 0, 999};

    private final DeviceFixture on;

    DiffusionTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"V,1,1,1,1", "V,1,5,3,4", "V,3,5,3,4", "FLOW,3,1,7,3", "ARBITRARY,3,16,16,4"})
    void mixesSeededNoiseIntoTheLatent(NoiseCase process, int count, int h, int w, int c) {
        float[] x0 = on.normal(h * w * c);
        Diffusion diffusion = on.device().diffusion();
        var trials = process.trials(on, SEED, NOISE_INDEX, count, x0, h, w, c);
        on.assertMatches(r -> r.addNoise(x0, seeded(count, h, w, c), process.signal, process.level),
                on.run(() -> diffusion.addNoise(trials)));
    }

    @Test
    void mixesGivenNoiseIntoTheLatent() {
        float[] table = on.normal(4 * 5 * 3 * 2);
        float[] x0 = on.normal(5 * 3 * 2);
        Diffusion diffusion = on.device().diffusion(on.input(DType.F32, table, 4, 5, 3, 2));
        int[] noiseIndex = {3, 0, 3};
        var trials = NoiseCase.V.trials(on, SEED, noiseIndex, 3, x0, 5, 3, 2);
        float[][] epsilon = IntStream.of(noiseIndex)
                .mapToObj(i -> Arrays.copyOfRange(table, i * x0.length, (i + 1) * x0.length)).toArray(float[][]::new);
        on.assertMatches(r -> r.addNoise(x0, epsilon, NoiseCase.V.signal, NoiseCase.V.level),
                on.run(() -> diffusion.addNoise(trials)));
    }

    static Stream<Arguments> lossesAndProcesses() {
        return Stream.of(Loss.values()).flatMap(loss -> Stream.of(NoiseCase.values())
                .map(process -> Arguments.of(loss, process)));
    }

    @ParameterizedTest
    @MethodSource("lossesAndProcesses")
    void averagesTheLossOfEachPair(Loss loss, NoiseCase process) {
        check(loss, process, new int[] {0, 0, 1, 2, 2, 2, 2}, 1);
        check(loss, process, new int[] {0}, 1);
    }

    @ParameterizedTest
    @MethodSource("lossesAndProcesses")
    void keepsLargeErrors(Loss loss, NoiseCase process) {
        check(loss, process, new int[] {0, 1, 2}, 1e4);
    }

    private void check(Loss loss, NoiseCase process, int[] trialOfPair, double magnitude) {
        int h = 5;
        int w = 7;
        int c = 4;
        int count = trialOfPair[trialOfPair.length - 1] + 1;
        float[] x0 = on.normal(h * w * c);
        float[] predicted = on.normal(trialOfPair.length * h * w * c, 0, magnitude);
        Diffusion diffusion = on.device().diffusion();
        var trials = process.trials(on, SEED, NOISE_INDEX, count, x0, h, w, c);
        Tensor predictions = on.input(DType.F32, predicted, trialOfPair.length, h, w, c);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        for (boolean map : new boolean[] {false, true}) {
            DeviceFixture.assertMatches(DType.F32, 1,
                    r -> r.errors(predicted, trialOfPair, x0, seeded(count, h, w, c), process, loss,
                            map ? c : x0.length),
                    on.run(() -> {
                        var errors = diffusion.errors(predictions, trials, pairs, new Measure(loss, map));
                        return map ? errors.map() : errors.mean();
                    }));
        }
    }

    /** A network that knows the noise, or what else it predicts, has no error to speak of. */
    @ParameterizedTest
    @EnumSource
    void theTruePredictionHasNoError(NoiseCase process) {
        float[] x0 = on.normal(4 * 4 * 4);
        float[] truth = new float[3 * x0.length];
        for (int i = 0; i < truth.length; i++) {
            int m = i / x0.length;
            int element = i % x0.length;
            truth[i] = (float) process.truth(m, x0[element], seeded(3, 4, 4, 4)[m][element]);
        }
        Diffusion diffusion = on.device().diffusion();
        var trials = process.trials(on, SEED, NOISE_INDEX, 3, x0, 4, 4, 4);
        Tensor predicted = on.input(DType.F32, truth, 3, 4, 4, 4);
        Tensor pairs = on.input(new int[] {0, 1, 2}, 3);
        assertArrayEquals(new float[3],
                on.run(() -> diffusion.errors(predicted, trials, pairs, new Measure(Loss.L1, false)).mean()), 1e-6f);
    }

    /** ε̂ of a network that predicts ε has nothing to do with x₀, not even where that is not a number. */
    @Test
    void doesNotLookAtTheLatentWhereTheEstimateHasNone() {
        float[] x0 = new float[4 * 4 * 4];
        Arrays.fill(x0, Float.NaN);
        float[] predicted = on.normal(x0.length);
        Diffusion diffusion = on.device().diffusion();
        var trials = NoiseCase.EPSILON.trials(on, SEED, NOISE_INDEX, 1, x0, 4, 4, 4);
        Tensor predictions = on.input(DType.F32, predicted, 1, 4, 4, 4);
        Tensor pairs = on.input(new int[1], 1);
        DeviceFixture.assertMatches(DType.F32, 1,
                r -> r.errors(predicted, new int[1], new float[x0.length], seeded(1, 4, 4, 4), NoiseCase.EPSILON, Loss.L2,
                        x0.length),
                on.run(() -> diffusion.errors(predictions, trials, pairs, new Measure(Loss.L2, false)).mean()));
    }

    /** Squared errors of the velocity are 1/a² times those of ε, a = 1 − level. */
    @Test
    void theErrorOfTheOutputIsThatOfTheNoiseByItsScale() {
        float[] x0 = on.normal(5 * 3 * 4);
        Tensor predicted = on.input(DType.F32, on.normal(3 * x0.length), 3, 5, 3, 4);
        Tensor pairs = on.input(new int[] {0, 1, 2}, 3);
        Diffusion diffusion = on.device().diffusion();
        var ofNoise = NoiseCase.FLOW.trials(on, SEED, NOISE_INDEX, 3, x0, 5, 3, 4);
        var ofVelocity = NoiseCase.VELOCITY.trials(on, SEED, NOISE_INDEX, 3, x0, 5, 3, 4);
        var measure = new Measure(Loss.L2, false);
        float[] expected = on.run(() -> diffusion.errors(predicted, ofNoise, pairs, measure).mean());
        float[] found = on.run(() -> diffusion.errors(predicted, ofVelocity, pairs, measure).mean());
        for (int m = 0; m < 3; m++) {
            double a = NoiseCase.FLOW.outputScale[m];
            assertEquals(expected[m] / (a * a), found[m], 1e-6 * found[m], "trial " + m);
        }
    }

    /** Within the first convolution: sizes below, at and beyond its tile of 8 × 16 pixels, lines that 4 does not divide. */
    @ParameterizedTest
    @CsvSource({"1,1,1,4,8", "2,5,7,4,12", "3,8,16,4,64", "2,9,17,3,72", "1,17,33,8,5", "1,16,20,9,8"})
    void mixesNoiseInWithinTheFirstConvolution(int count, int h, int w, int c, int out) {
        float[] x0 = on.normal(h * w * c);
        float[] filters = on.normal(out * c * 9, 0, 0.2);
        float[] bias = on.normal(out);
        var spec = Conv2d.Spec.of(c, out, 3).noisedInput();
        var trials = NoiseCase.FLOW.trials(on, SEED, NOISE_INDEX, count, x0, h, w, c);
        Diffusion diffusion = on.device().diffusion();
        try (Conv2d first = on.device().conv2d(spec, weights(filters, bias, out, c))) {
            on.assertMatches(r -> {
                double[] noised = r.addNoise(x0, seeded(count, h, w, c), NoiseCase.FLOW.signal, NoiseCase.FLOW.level);
                return r.conv2d(spec, count, h, w, floats(noised), null, filters, bias, null);
            }, on.run(() -> first.forward(diffusion, trials)));
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
        var spec = Conv2d.Spec.of(4, out, 3).noisedInput().thenNormalized();
        var normalized = new GroupNorm.Spec(out, groups, 1e-5f, true);
        var trials = NoiseCase.V.trials(on, SEED, NOISE_INDEX, count, x0, h, w, 4);
        Diffusion diffusion = on.device().diffusion();
        var parameters = new MapWeights().with("weight", gain, out).with("bias", bias, out);
        try (Conv2d first = on.device().conv2d(spec, weights(filters, bias, out, 4));
                GroupNorm norm = on.device().groupNorm(normalized, parameters)) {
            on.assertMatches(r -> {
                double[] noised = r.addNoise(x0, seeded(count, h, w, 4), NoiseCase.V.signal, NoiseCase.V.level);
                double[] map = r.conv2d(spec, count, h, w, floats(noised), null, filters, bias, null);
                return r.groupNorm(normalized, count, floats(map), null, gain, bias);
            }, on.run(() -> norm.forward(first.forward(diffusion, trials))));
        }
    }

    @ParameterizedTest
    @CsvSource({"L2,EPSILON,1,1,4,8", "L1,EPSILON,5,7,4,40", "HUBER,V,8,16,4,64", "L2,V,9,17,3,32", "L1,V,17,33,8,8",
            "L2,EPSILON,9,17,2,36", "HUBER,EPSILON,4,4,9,16", "L2,FLOW,8,16,4,32", "L2,VELOCITY,9,17,4,40",
            "L1,VELOCITY,5,7,3,16", "HUBER,ARBITRARY,9,17,4,32", "L2,ARBITRARY,4,4,9,16"})
    void measuresWithinTheLastConvolution(Loss loss, NoiseCase process, int h, int w, int c, int in) {
        int[] trialOfPair = {0, 0, 1, 2};
        int count = 3;
        float[] x0 = on.normal(h * w * c);
        float[] features = on.normal(trialOfPair.length * h * w * in);
        float[] filters = on.normal(c * in * 9, 0, 0.1);
        float[] bias = on.normal(c);
        var spec = Conv2d.Spec.of(in, c, 3).measuredOutput();
        var trials = process.trials(on, SEED, NOISE_INDEX, count, x0, h, w, c);
        Tensor x = on.input(features, trialOfPair.length, h, w, in);
        Tensor pairs = on.input(trialOfPair, trialOfPair.length);
        Diffusion diffusion = on.device().diffusion();
        double[] predicted = Reference.storing(DType.F32)
                .conv2d(spec, trialOfPair.length, h, w, features, null, filters, bias, null);
        try (Conv2d last = on.device().conv2d(spec, weights(filters, bias, c, in))) {
            for (boolean map : new boolean[] {false, true}) {
                DeviceFixture.assertMatches(DType.F32, Math.sqrt(in),
                        r -> r.errors(floats(predicted), trialOfPair, x0, seeded(count, h, w, c), process, loss,
                                map ? c : x0.length),
                        on.run(() -> {
                            var errors = last.errors(x, diffusion, trials, pairs, new Measure(loss, map));
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

    private static float[][] seeded(int count, int h, int w, int c) {
        return IntStream.range(0, count).mapToObj(m -> Reference.noise(SEED, NOISE_INDEX[m], h, w, c))
                .toArray(float[][]::new);
    }
}
