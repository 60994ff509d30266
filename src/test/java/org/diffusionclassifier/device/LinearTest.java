package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Linear} against the {@link Reference}, by the criterion of {@link DeviceFixture}. */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
@Tag("vendor")
class LinearTest {

    private final DeviceFixture on;

    LinearTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,16,16", "7,5,3", "3,1000,1", "77,33,65", "129,64,48", "130,320,17"})
    void addsTheBiasAndTheResidual(int rows, int in, int out) {
        check(Linear.Spec.of(in, out), rows, 1);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "7,33,5", "129,32,64"})
    void worksWithoutBias(int rows, int in, int out) {
        check(Linear.Spec.of(in, out).withoutBias(), rows, 1);
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void activatesBeforeTheResidual(Activation activation) {
        check(Linear.Spec.of(1, 1).then(activation), 1, 1);
        check(Linear.Spec.of(33, 7).then(activation), 77, 1);
        check(Linear.Spec.of(64, 130).then(activation), 7, 1);
        check(Linear.Spec.of(33, 7).withoutBias().then(activation), 129, 1);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void keepsLargeValues(Activation activation) {
        check(Linear.Spec.of(40, 24).then(activation), 9, on.device().dtype() == DType.F16 ? 10 : 1e4);
    }

    private void check(Linear.Spec spec, int rows, double magnitude) {
        boolean geglu = spec.activation() == Activation.GEGLU;
        int weightRows = geglu ? 2 * spec.out() : spec.out();
        float[] x = on.normal(rows * spec.in(), 0, magnitude);
        float[] weight = on.normal(weightRows * spec.in());
        float[] bias = spec.bias() ? on.normal(weightRows) : null;
        float[] residual = geglu ? null : on.normal(rows * spec.out());
        var weights = new MapWeights().with("weight", weight, weightRows, spec.in());
        if (spec.bias()) {
            weights.with("bias", bias, weightRows);
        }
        Tensor input = on.input(x, 1, rows, spec.in());
        Tensor addend = geglu ? null : on.input(residual, 1, rows, spec.out());
        try (Linear linear = on.device().linear(spec, weights)) {
            on.assertMatches(r -> r.linear(spec, x, weight, bias, null), on.run(() -> linear.forward(input)));
            if (!geglu) {
                on.assertMatches(r -> r.linear(spec, x, weight, bias, residual),
                        on.run(() -> linear.forward(input, addend)));
            }
        }
    }

    @Test
    void laysItsPartsSideBySide() {
        int rows = 13;
        int in = 24;
        int part = 7;
        float[] x = on.normal(rows * in);
        float[] weight = on.normal(3 * part * in);
        float[] bias = on.normal(3 * part);
        var parts = new MapWeights[3];
        for (int i = 0; i < 3; i++) {
            parts[i] = new MapWeights()
                    .with("weight", Reference.columns(weight, weight.length, i * part * in, part * in), part, in)
                    .with("bias", Reference.columns(bias, bias.length, i * part, part), part);
        }
        var spec = Linear.Spec.of(in, 3 * part);
        Tensor input = on.input(x, rows, in);
        try (Linear linear = on.device().linear(spec, parts)) {
            on.assertMatches(r -> r.linear(spec, x, weight, bias, null), on.run(() -> linear.forward(input)));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, names = {"NONE", "GEGLU"})
    void takesColumnsOfALargerTensor(Activation activation) {
        int rows = 31;
        float[] packed = on.normal(rows * 50);
        var spec = Linear.Spec.of(17, 12).then(activation);
        int weightRows = activation == Activation.GEGLU ? 24 : 12;
        float[] weight = on.normal(weightRows * 17);
        float[] bias = on.normal(weightRows);
        float[] x = Reference.columns(packed, 50, 3, 17);
        float[] residual = activation == Activation.GEGLU ? null : Reference.columns(packed, 50, 30, 12);
        Tensor input = on.input(packed, rows, 50);
        Tensor addend = residual == null ? null : input.columns(30, 12);
        try (Linear linear = on.device().linear(spec,
                new MapWeights().with("weight", weight, weightRows, 17).with("bias", bias, weightRows))) {
            on.assertMatches(r -> r.linear(spec, x, weight, bias, residual),
                    on.run(() -> linear.forward(input.columns(3, 17), addend)));
        }
    }

    /** Weights are packed for the first shape they meet; later ones must do with that layout. */
    @ParameterizedTest
    @CsvSource({"1,513", "513,1", "16,17"})
    void oneLayerServesEveryNumberOfRows(int before, int after) {
        var spec = Linear.Spec.of(72, 100);
        float[] weight = on.normal(100 * 72);
        float[] bias = on.normal(100);
        try (Linear linear = on.device().linear(spec,
                new MapWeights().with("weight", weight, 100, 72).with("bias", bias, 100))) {
            for (int rows : new int[] {before, after, before}) {
                float[] x = on.normal(rows * 72);
                Tensor input = on.input(x, rows, 72);
                on.assertMatches(r -> r.linear(spec, x, weight, bias, null), on.run(() -> linear.forward(input)));
            }
        }
    }

    @Test
    void keepsTheLeadingDimensions() {
        Tensor input = on.input(on.normal(2 * 3 * 5 * 4), 2, 3, 5, 4);
        try (Linear linear = on.device().linear(Linear.Spec.of(4, 6).withoutBias(),
                new MapWeights().with("weight", on.normal(24), 6, 4))) {
            on.run(() -> {
                Tensor y = linear.forward(input);
                assertArrayEquals(new int[] {2, 3, 5, 6}, y.shape());
                return y;
            });
        }
    }

    @Test
    void refusesWeightsOfAnotherShape() {
        var transposed = new MapWeights().with("weight", on.normal(12), 3, 4).with("bias", on.normal(4), 4);
        var refusal = assertThrows(InputException.class,
                () -> on.device().linear(Linear.Spec.of(3, 4), transposed));
        assertEquals("test: tensor weight: expected shape [4, 3], found [3, 4]", refusal.getMessage());
    }

    @Test
    void refusesInputsOfAnotherWidth() {
        var weights = new MapWeights().with("weight", on.normal(12), 4, 3).with("bias", on.normal(4), 4);
        Tensor x = on.input(on.normal(8), 2, 4);
        Tensor residual = on.input(on.normal(8), 4, 2);
        try (Linear linear = on.device().linear(Linear.Spec.of(3, 4), weights)) {
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> linear.forward(x)));
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> linear.forward(x.columns(0, 3),
                    residual.slice(0, 2))));
        }
    }
}
