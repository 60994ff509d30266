package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link ResidualConv2d} against two convolutions of the {@link Reference}, by {@link DeviceFixture}'s criterion. */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
@Tag("vendor")
class ResidualConv2dTest {

    private final DeviceFixture on;

    ResidualConv2dTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1,0,1", "1,5,3,7,5,0,5", "3,5,3,17,9,4,33", "1,8,8,16,48,0,16", "2,4,4,320,40,24,70",
        "1,16,16,32,8,8,130"})
    void sumsBothConvolutions(int batch, int height, int width, int in, int around, int concat, int out) {
        check(new ResidualConv2d.Spec(Conv2d.Spec.of(in, out, 3), shortcut(around, concat, out)), batch, height, width);
    }

    /** Large enough for moments to be gathered. */
    @Test
    void sumsBothWhereANormFollows() {
        check(new ResidualConv2d.Spec(Conv2d.Spec.of(8, 32, 3).thenNormalized(), shortcut(24, 16, 32)), 1, 32, 32);
    }

    @Test
    void theShortcutHasTheSizeOfTheResult() {
        check(new ResidualConv2d.Spec(Conv2d.Spec.of(16, 24, 3).halving(Conv2d.Padding.SYMMETRIC), shortcut(8, 0, 24)),
                2, 9, 6);
    }

    private static Conv2d.Spec shortcut(int in, int concat, int out) {
        return Conv2d.Spec.of(in, out, 1).withConcat(concat);
    }

    /** The layer alone, and with an addend. */
    private void check(ResidualConv2d.Spec spec, int batch, int height, int width) {
        int rows = spec.conv().outputSize(height);
        int columns = spec.conv().outputSize(width);
        int out = spec.conv().out();
        int in = spec.shortcut().in();
        int concat = spec.shortcut().concat();
        float[] h = on.normal(batch * height * width * spec.conv().in());
        float[] x = on.normal(batch * rows * columns * in);
        float[] skip = concat == 0 ? null : on.normal(batch * rows * columns * concat);
        float[] addend = on.normal(batch * rows * columns * out);
        float[] weight = on.normal(out * spec.conv().in() * 9);
        float[] bias = on.normal(out);
        float[] shortcutWeight = on.normal(out * (in + concat));
        float[] shortcutBias = on.normal(out);
        Tensor hInput = on.input(h, batch, height, width, spec.conv().in());
        Tensor xInput = on.input(x, batch, rows, columns, in);
        Tensor skipInput = skip == null ? null : on.input(skip, batch, rows, columns, concat);
        Tensor addendInput = on.input(addend, batch, rows, columns, out);
        try (ResidualConv2d conv = on.device().residualConv2d(spec,
                new MapWeights().with("weight", weight, out, spec.conv().in(), 3, 3).with("bias", bias, out),
                new MapWeights().with("weight", shortcutWeight, out, in + concat, 1, 1)
                        .with("bias", shortcutBias, out))) {
            for (boolean adds : new boolean[] {false, true}) {
                on.assertMatches(r -> r.conv2d(spec.conv(), batch, height, width, h, null, weight, bias,
                        floats(r.conv2d(spec.shortcut(), batch, rows, columns, x, skip, shortcutWeight, shortcutBias,
                                adds ? addend : null))),
                        on.run(() -> conv.forward(hInput, xInput, skipInput, adds ? addendInput : null)));
            }
        }
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }

    @Test
    void refusesInputsOfOtherShapes() {
        var spec = new ResidualConv2d.Spec(Conv2d.Spec.of(4, 8, 3), shortcut(5, 3, 8));
        Tensor h = on.input(on.normal(2 * 3 * 3 * 4), 2, 3, 3, 4);
        Tensor x = on.input(on.normal(2 * 3 * 3 * 5), 2, 3, 3, 5);
        Tensor skip = on.input(on.normal(2 * 3 * 3 * 3), 2, 3, 3, 3);
        Tensor tall = on.input(on.normal(2 * 9 * 5), 2, 9, 1, 5);
        Tensor tallSkip = on.input(on.normal(2 * 9 * 3), 2, 9, 1, 3);
        Tensor perImage = on.input(on.normal(2 * 8), 2, 8);
        try (ResidualConv2d conv = on.device().residualConv2d(spec,
                new MapWeights().with("weight", on.normal(8 * 4 * 9), 8, 4, 3, 3).with("bias", on.normal(8), 8),
                new MapWeights().with("weight", on.normal(8 * 8), 8, 8, 1, 1).with("bias", on.normal(8), 8))) {
            for (Tensor[] of : new Tensor[][] {{x, x, skip, null}, {h, x, null, null}, {h, h, skip, null},
                {h, tall, tallSkip, null}, {h, x, skip, x}, {h, x, skip, perImage}}) {
                assertThrows(IllegalArgumentException.class,
                        () -> on.run(() -> conv.forward(of[0], of[1], of[2], of[3])));
            }
        }
    }
}
