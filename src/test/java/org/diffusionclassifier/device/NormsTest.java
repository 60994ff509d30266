package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link GroupNorm} and {@link LayerNorm} against the {@link Reference}, by the criterion of {@link DeviceFixture}.
 * Where the mean is far from 0, x − μ loses as many digits as μ has more than σ, whoever computes it: the criterion's
 * condition is 1 + |μ| / σ.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class NormsTest {

    private final DeviceFixture on;

    NormsTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1", "1,1,1,32,32", "3,5,3,32,32", "1,8,8,30,3", "3,5,3,48,8", "1,10,13,320,32", "1,7,1,17,1"})
    void normalisesGroups(int batch, int height, int width, int channels, int groups) {
        for (boolean silu : new boolean[] {false, true}) {
            var spec = new GroupNorm.Spec(channels, groups, 1e-5f, silu);
            checkGroups(spec, batch, on.normal(batch * height * width * channels), 1, batch, height, width, channels);
        }
    }

    /** Whole sectors of 16 channels, on a GPU: with few pixels a slice stays on chip, with many it does not. */
    @ParameterizedTest
    @CsvSource({"2,7,5,160,16", "3,4,4,96,32", "2,8,9,240,8", "1,29,31,80,8", "2,41,17,80,4", "2,19,16,240,4",
            "1,67,59,16,16", "1,4,4,688,16", "2,5,3,336,1"})
    void normalisesGroupsOfWholeSectors(int batch, int height, int width, int channels, int groups) {
        var spec = new GroupNorm.Spec(channels, groups, 1e-5f, true);
        checkGroups(spec, batch, on.normal(batch * height * width * channels, 0.5, 2), 1.25, batch, height, width,
                channels);
    }

    /** The pixels of one half lie far from those of the other, and so do the means of slabs. */
    @Test
    void normalisesGroupsWhoseMeanMoves() {
        float[] x = on.normal(41 * 36 * 80);
        for (int i = 0; i < x.length / 2; i++) {
            x[i] = Reference.round(x[i] + 40, on.device().dtype());
        }
        checkGroups(new GroupNorm.Spec(80, 8, 1e-5f, false), 1, x, 3, 1, 41, 36, 80);
    }

    /** One layer on maps of two sizes in one pass: what the second launch needs must not be taken from the first. */
    @Test
    void normalisesMapsOfTwoSizesInOnePass() {
        var spec = new GroupNorm.Spec(16, 4, 1e-5f, false);
        float[] x = on.normal(33 * 40 * 16);
        float[] weight = on.normal(16);
        float[] bias = on.normal(16);
        Tensor large = on.input(x, 1, 33, 40, 16);
        Tensor small = on.input(on.normal(16), 1, 1, 1, 16);
        try (GroupNorm norm = on.device().groupNorm(spec, parameters(weight, bias))) {
            on.assertMatches(r -> r.norms().groupNorm(spec, 1, x, null, weight, bias), on.run(() -> {
                Tensor y = norm.forward(large);
                norm.forward(small);
                return y;
            }));
        }
    }

    @Test
    void anImageHasTheSameBitsWhateverElseIsInTheBatch() {
        var spec = new GroupNorm.Spec(80, 8, 1e-5f, true);
        float[] x = on.normal(3 * 41 * 17 * 80);
        float[] weight = on.normal(80);
        float[] bias = on.normal(80);
        int image = x.length / 3;
        float[] last = Arrays.copyOfRange(x, 2 * image, x.length);
        Tensor three = on.input(x, 3, 41, 17, 80);
        Tensor one = on.input(last, 1, 41, 17, 80);
        try (GroupNorm norm = on.device().groupNorm(spec, parameters(weight, bias))) {
            float[] together = on.run(() -> norm.forward(three));
            assertArrayEquals(on.run(() -> norm.forward(one)), Arrays.copyOfRange(together, 2 * image, x.length));
        }
    }

    @Test
    void normalisesGroupsOfTokens() {
        checkGroups(new GroupNorm.Spec(24, 4, 1e-6f, false), 3, on.normal(3 * 77 * 24), 1, 3, 77, 24);
    }

    @Test
    void groupsWithoutVarianceBecomeTheBias() {
        float[] x = new float[2 * 5 * 3 * 16];
        Arrays.fill(x, 3);
        checkGroups(new GroupNorm.Spec(16, 4, 1e-5f, false), 2, x, 1, 2, 5, 3, 16);
    }

    @ParameterizedTest
    @CsvSource({"0,10000", "0,0.001", "100,1"})
    void normalisesGroupsOfAnyMagnitude(double mean, double deviation) {
        checkGroups(new GroupNorm.Spec(40, 8, 1e-6f, true), 2, on.normal(2 * 9 * 7 * 40, mean, deviation),
                1 + mean / deviation, 2, 9, 7, 40);
    }

    private void checkGroups(GroupNorm.Spec spec, int batch, float[] x, double condition, int... shape) {
        float[] weight = on.normal(spec.channels());
        float[] bias = on.normal(spec.channels());
        Tensor input = on.input(x, shape);
        try (GroupNorm norm = on.device().groupNorm(spec, parameters(weight, bias))) {
            DeviceFixture.assertMatches(on.device().dtype(), condition,
                    r -> r.norms().groupNorm(spec, batch, x, null, weight, bias), on.run(() -> norm.forward(input)));
        }
    }

    /** The border between the inputs may run through a group: 7 + 25 channels in groups of 4. */
    @ParameterizedTest
    @CsvSource({"1,1,1", "16,16,8", "7,25,8", "320,160,32", "48,32,8", "8,8,2"})
    void normalisesTwoInputsAsOne(int first, int second, int groups) {
        for (boolean silu : new boolean[] {false, true}) {
            var spec = new GroupNorm.Spec(first + second, groups, 1e-5f, silu);
            float[] x = on.normal(3 * 5 * 3 * first, 1, 2);
            float[] skip = on.normal(3 * 5 * 3 * second);
            float[] weight = on.normal(first + second);
            float[] bias = on.normal(first + second);
            Tensor xInput = on.input(x, 3, 5, 3, first);
            Tensor skipInput = on.input(skip, 3, 5, 3, second);
            try (GroupNorm norm = on.device().groupNorm(spec, parameters(weight, bias))) {
                on.assertMatches(r -> r.norms().groupNorm(spec, 3, x, skip, weight, bias),
                        on.run(() -> norm.forward(xInput, skipInput)));
            }
        }
    }

    private enum Resizing { PLAIN, HALVING, DOUBLING }

    /**
     * What layers gather while they write a map: in x's group 5 of 8 lie its last 10 channels and skip's first 20. With
     * pixels that no block of a GPU's divides, or fewer than 1024, they gather nothing.
     */
    @ParameterizedTest
    @CsvSource({"2,32,32,PLAIN", "1,64,24,HALVING", "2,33,31,PLAIN", "1,34,32,HALVING", "1,3,5,PLAIN",
        "1,50,100,HALVING", "2,16,16,DOUBLING", "1,32,16,DOUBLING", "1,17,16,DOUBLING"})
    void normalisesMapsThatTheirLayersHavePreparedFor(int batch, int height, int width, Resizing resizing) {
        float[] x = on.normal(batch * height * width * 24);
        Conv2d.Spec plain = Conv2d.Spec.of(24, 160, 3).thenNormalized();
        Conv2d.Spec spec = switch (resizing) {
            case PLAIN -> plain;
            case HALVING -> plain.halving(Conv2d.Padding.SYMMETRIC);
            case DOUBLING -> plain.doubling();
        };
        int pixels = batch * spec.outputSize(height) * spec.outputSize(width);
        float[] other = on.normal(pixels * 32);
        float[] residual = on.normal(pixels * 160);
        float[] filters = on.normal(160 * 24 * 9, 0, 0.1);
        float[] filterBias = on.normal(160);
        float[] matrix = on.normal(80 * 32, 0, 0.2);
        float[] matrixBias = on.normal(80);
        float[] weight = on.normal(240);
        float[] bias = on.normal(240);
        Linear.Spec linear = Linear.Spec.of(32, 80).thenNormalized();
        var groups = new GroupNorm.Spec(240, 8, 1e-5f, true);
        int[] shape = {batch, spec.outputSize(height), spec.outputSize(width), 160};
        Tensor xInput = on.input(x, batch, height, width, 24);
        Tensor otherInput = on.input(other, shape[0], shape[1], shape[2], 32);
        Tensor residualInput = on.input(residual, shape);
        var filterWeights = new MapWeights().with("weight", filters, 160, 24, 3, 3).with("bias", filterBias, 160);
        var matrixWeights = new MapWeights().with("weight", matrix, 80, 32).with("bias", matrixBias, 80);
        try (Conv2d convolution = on.device().conv2d(spec, filterWeights);
                Linear projection = on.device().linear(linear, matrixWeights);
                GroupNorm norm = on.device().groupNorm(groups, parameters(weight, bias))) {
            on.assertMatches(r -> r.norms().groupNorm(groups, batch,
                    floats(r.conv2d(spec, batch, height, width, x, null, filters, filterBias, residual)),
                    floats(r.linear(linear, other, matrix, matrixBias, null)), weight, bias),
                    on.run(() -> norm.forward(convolution.forward(xInput, residualInput), projection.forward(otherInput))));
        }
    }

    /** As {@link #normalisesGroupsOfAnyMagnitude}: with a mean far from 0, squares around 0 would cancel. */
    @Test
    void mapsMayLieFarFromZeroWhenTheirMomentsAreGathered() {
        float[] x = on.normal(2 * 1024 * 32);
        float[] matrix = on.normal(80 * 32, 0, 0.2);
        float[] matrixBias = on.normal(80, 100, 1);
        float[] weight = on.normal(80);
        float[] bias = on.normal(80);
        Linear.Spec linear = Linear.Spec.of(32, 80).thenNormalized();
        var groups = new GroupNorm.Spec(80, 8, 1e-5f, false);
        Tensor input = on.input(x, 2, 32, 32, 32);
        var matrixWeights = new MapWeights().with("weight", matrix, 80, 32).with("bias", matrixBias, 80);
        try (Linear projection = on.device().linear(linear, matrixWeights);
                GroupNorm norm = on.device().groupNorm(groups, parameters(weight, bias))) {
            DeviceFixture.assertMatches(on.device().dtype(), 101, r -> r.norms().groupNorm(groups, 2,
                    floats(r.linear(linear, x, matrix, matrixBias, null)), null, weight, bias),
                    on.run(() -> norm.forward(projection.forward(input))));
        }
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,320", "7,33", "129,768", "130,17", "9,8", "3,512", "70,640", "5,1152", "6,1280", "5,1288",
            "3,2048", "2,2056", "300,320", "300,17"})
    void normalisesRows(int rows, int channels) {
        checkRows(1e-5f, on.normal(rows * channels), 1, rows, channels);
    }

    @Test
    void rowsWithoutVarianceBecomeTheBias() {
        float[] x = new float[3 * 40];
        Arrays.fill(x, -3);
        checkRows(1e-5f, x, 1, 3, 40);
    }

    @ParameterizedTest
    @CsvSource({"0,10000", "0,0.001", "100,1"})
    void normalisesRowsOfAnyMagnitude(double mean, double deviation) {
        checkRows(1e-6f, on.normal(9 * 100, mean, deviation), 1 + mean / deviation, 9, 100);
    }

    private void checkRows(float epsilon, float[] x, double condition, int rows, int channels) {
        float[] weight = on.normal(channels);
        float[] bias = on.normal(channels);
        Tensor input = on.input(x, 1, rows, channels);
        try (LayerNorm norm = on.device().layerNorm(new LayerNorm.Spec(channels, epsilon), parameters(weight, bias))) {
            DeviceFixture.assertMatches(on.device().dtype(), condition,
                    r -> r.norms().layerNorm(channels, epsilon, x, weight, bias), on.run(() -> norm.forward(input)));
        }
    }

    @Test
    void refuseInputsOfAnotherWidthAndStridedRows() {
        Tensor input = on.input(on.normal(2 * 5 * 16), 2, 5, 16);
        var parameters = parameters(on.normal(8), on.normal(8));
        try (GroupNorm groups = on.device().groupNorm(new GroupNorm.Spec(8, 4, 1e-5f, false), parameters);
                LayerNorm rows = on.device().layerNorm(new LayerNorm.Spec(8, 1e-5f), parameters)) {
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> groups.forward(input)));
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> rows.forward(input)));
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> rows.forward(input.columns(0, 8))));
        }
    }

    private static MapWeights parameters(float[] weight, float[] bias) {
        return new MapWeights().with("weight", weight, weight.length).with("bias", bias, bias.length);
    }
}
