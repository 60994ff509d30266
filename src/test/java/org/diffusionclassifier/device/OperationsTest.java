package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Element-wise functions, gathers and embeddings against the {@link Reference}, by the criterion of
 * {@link DeviceFixture}.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class OperationsTest {

    private final DeviceFixture on;

    OperationsTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, names = {"SILU", "GELU", "GELU_TANH", "QUICK_GELU"})
    void appliesTheFunctionToEveryElement(Activation function) {
        double large = on.device().dtype() == DType.F16 ? 6e4 : 1e30;
        checkActivation(function, on.rounded(0), 1, 1);
        checkActivation(function, on.rounded(-0.0, 1e-6, -1e-6, 0.5, -0.5, 3, -3), 1, 7);
        checkActivation(function, on.rounded(-large, -1e4, -100, -88, 88, 100, 1e4, large), 2, 4);
        checkActivation(function, on.normal(129 * 17, 0, 3), 3, 43, 17);
    }

    private void checkActivation(Activation function, float[] x, int... shape) {
        Tensor input = on.input(x, shape);
        on.assertMatches(r -> r.activation(function, x), on.run(() -> on.device().activation(function, input)));
    }

    /** Each element by itself, so that small results are not lost beside large ones. */
    @ParameterizedTest
    @EnumSource(value = Activation.class, names = {"SILU", "GELU", "GELU_TANH", "QUICK_GELU"})
    void isAccurateForEverySingleValueAroundZero(Activation function) {
        for (double x = -2; x <= 2; x += 0.3125) {
            checkActivation(function, on.rounded(x), 1, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "7,33", "130,5"})
    void gathersEntries(int rows, int width) {
        int[] index = {4, 0, 4, 2, 1, 1, 3};
        float[] x = on.normal(5 * rows * width);
        Tensor input = on.input(x, 5, rows, width);
        Tensor indices = on.input(index, index.length);
        on.assertMatches(r -> r.gather(x, 5, index), on.run(() -> on.device().gather(input, indices)));
    }

    @Test
    void gathersColumnsOfALargerTensor() {
        int[] index = {2, 2, 0};
        float[] packed = on.normal(3 * 7 * 30);
        Tensor input = on.input(packed, 3, 7, 30);
        Tensor indices = on.input(index, 3);
        on.assertMatches(r -> r.gather(Reference.columns(packed, 30, 11, 13), 3, index),
                on.run(() -> on.device().gather(input.columns(11, 13), indices)));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,77,33", "3,77,16", "2,5,7"})
    void embedsTokensAndPositions(int batch, int length, int width) {
        int vocabulary = 101;
        float[] token = on.normal(vocabulary * width);
        float[] position = on.normal(77 * width);
        int[] ids = new int[batch * length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 37 + 100) % vocabulary;
        }
        Tensor input = on.input(ids, batch, length);
        try (Embedding embedding = embedding(vocabulary, 77, width, token, position)) {
            on.assertMatches(r -> r.embedding(width, token, position, length, ids),
                    on.run(() -> embedding.forward(input)));
        }
    }

    @Test
    void refusesTokensWithoutAPosition() {
        try (Embedding embedding = embedding(10, 4, 3, on.normal(30), on.normal(12))) {
            Tensor tooMany = on.input(new int[5], 1, 5);
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> embedding.forward(tooMany)));
        }
    }

    private Embedding embedding(int vocabulary, int positions, int width, float[] token, float[] position) {
        return on.device().embedding(new Embedding.Spec(vocabulary, positions, width), new MapWeights()
                .with("token_embedding.weight", token, vocabulary, width)
                .with("position_embedding.weight", position, positions, width));
    }

    @ParameterizedTest
    @CsvSource({"2,true,0", "2,false,0", "32,true,0", "320,true,0", "320,false,1", "14,true,1", "14,false,0.5"})
    void embedsTimes(int width, boolean cosineFirst, float shift) {
        float[] times = {0, 1, 2, 500, 999, 37, 37, 0.5f, 499.625f, 1000};
        Tensor input = on.input(DType.F32, times, times.length);
        on.assertMatches(r -> r.timestepEmbedding(times, width, cosineFirst, shift),
                on.run(() -> on.device().timestepEmbedding(input, width, cosineFirst, shift)));
    }

    /** To the bit, as the same expression gives it in Java; of half the columns of a tensor, too. */
    @ParameterizedTest
    @CsvSource({"0,0.18215", "0,1", "0.0609,1.5305", "-3e-3,-0.13025"})
    void scalesInDoublePrecision(double shift, double factor) {
        float[] x = on.normal(2 * 3 * 131 * 8);
        for (DType type : new DType[] {DType.F32, on.device().dtype()}) {
            Tensor input = on.input(type, x, 2, 3, 131, 8);
            assertArrayEquals(affine(x, shift, factor), on.run(() -> on.device().affine(input, shift, factor)));
            assertArrayEquals(affine(Reference.columns(x, 8, 2, 3), shift, factor),
                    on.run(() -> on.device().affine(input.columns(2, 3), shift, factor)));
        }
    }

    private static float[] affine(float[] x, double shift, double factor) {
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) ((x[i] - shift) * factor);
        }
        return y;
    }

    @Test
    void scalesNoIntegers() {
        Tensor input = on.input(new int[3], 1, 3);
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> on.device().affine(input, 0, 1)));
    }
}
