package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.device.Conv2d.Padding;
import org.diffusionclassifier.device.Conv2d.Spec;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Conv2d} against the {@link Reference}, by the criterion of {@link DeviceFixture}. */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
@Tag("vendor")
class Conv2dTest {

    private final DeviceFixture on;

    Conv2dTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1", "1,5,3,7,5", "3,5,3,17,33", "1,8,8,16,16", "3,1,7,4,320", "1,9,6,48,4", "1,16,16,130,3"})
    void filtersOf3x3And1x1(int batch, int height, int width, int in, int out) {
        check(Spec.of(in, out, 3), batch, height, width);
        check(Spec.of(in, out, 1), batch, height, width);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1", "1,5,3,7,5", "3,6,4,16,33", "1,2,9,32,8", "3,8,7,3,17", "2,16,2,24,40"})
    void halvesWithZerosAllAround(int batch, int height, int width, int in, int out) {
        check(Spec.of(in, out, 3).halving(Padding.SYMMETRIC), batch, height, width);
    }

    @ParameterizedTest
    @CsvSource({"1,2,2,1,1", "1,5,3,7,5", "3,6,4,16,33", "1,2,9,32,8", "3,8,7,3,17", "2,16,3,24,40"})
    void halvesWithZerosBelowAndRight(int batch, int height, int width, int in, int out) {
        check(Spec.of(in, out, 3).halving(Padding.BOTTOM_RIGHT), batch, height, width);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1", "1,5,3,7,5", "3,2,4,16,33", "1,4,4,64,8", "2,16,1,24,40", "2,1,16,32,16"})
    void doublesFirst(int batch, int height, int width, int in, int out) {
        check(Spec.of(in, out, 3).doubling(), batch, height, width);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1,1", "1,5,3,7,5,9", "3,5,3,17,16,33", "1,8,8,320,32,16"})
    void takesTheChannelsOfASecondInput(int batch, int height, int width, int in, int concat, int out) {
        check(Spec.of(in, out, 1).withConcat(concat), batch, height, width);
    }

    @ParameterizedTest
    @CsvSource({"3,5,3,17,4", "1,1,1,1,1"})
    void writesFloatsWhateverItComputesIn(int batch, int height, int width, int in, int out) {
        check(Spec.of(in, out, 3).toFloat(), batch, height, width);
        check(Spec.of(in, out, 1).toFloat(), batch, height, width);
    }

    /** The layer alone, with a residual, and with a row of values an image, which 1×1 layers do not take. */
    private void check(Spec spec, int batch, int height, int width) {
        int inputs = spec.in() + spec.concat();
        float[] x = on.normal(batch * height * width * spec.in());
        float[] skip = spec.concat() == 0 ? null : on.normal(batch * height * width * spec.concat());
        float[] weight = on.normal(spec.out() * inputs * spec.kernel() * spec.kernel());
        float[] bias = on.normal(spec.out());
        int rows = spec.outputSize(height);
        int columns = spec.outputSize(width);
        float[] residual = on.normal(batch * rows * columns * spec.out());
        float[] perImage = on.normal(batch * spec.out());
        Tensor xInput = on.input(x, batch, height, width, spec.in());
        Tensor skipInput = skip == null ? null : on.input(skip, batch, height, width, spec.concat());
        Tensor residualInput = on.input(residual, batch, rows, columns, spec.out());
        Tensor perImageInput = on.input(perImage, batch, spec.out());
        DType type = spec.floatOutput() ? DType.F32 : on.device().dtype();
        try (Conv2d conv = on.device().conv2d(spec, new MapWeights()
                .with("weight", weight, spec.out(), inputs, spec.kernel(), spec.kernel())
                .with("bias", bias, spec.out()))) {
            DeviceFixture.assertMatches(type, 1,
                    r -> r.conv2d(spec, batch, height, width, x, skip, weight, bias, null),
                    on.run(() -> conv.forward(xInput, skipInput, null)));
            DeviceFixture.assertMatches(type, 1,
                    r -> r.conv2d(spec, batch, height, width, x, skip, weight, bias, residual),
                    on.run(() -> conv.forward(xInput, skipInput, residualInput)));
            if (spec.kernel() == 3) {
                DeviceFixture.assertMatches(type, 1,
                        r -> r.conv2d(spec, batch, height, width, x, skip, weight, bias, perImage),
                        on.run(() -> conv.forward(xInput, skipInput, perImageInput)));
            }
        }
    }

    /** One wide layer can make the values of many convolutions, each of which takes its columns. */
    @ParameterizedTest
    @CsvSource({"2,5,3,16,24,16", "3,2,2,5,7,3"})
    void takesAnImagesValuesFromColumnsOfALargerTensor(int batch, int height, int width, int in, int out, int from) {
        var spec = Spec.of(in, out, 3);
        float[] x = on.normal(batch * height * width * in);
        float[] weight = on.normal(out * in * 9);
        float[] bias = on.normal(out);
        int all = 2 * (from + out);
        float[] wide = on.normal(batch * all);
        Tensor input = on.input(x, batch, height, width, in);
        Tensor columns = on.input(wide, batch, all).columns(from, out);
        try (Conv2d conv = on.device().conv2d(spec, new MapWeights()
                .with("weight", weight, out, in, 3, 3).with("bias", bias, out))) {
            on.assertMatches(r -> r.conv2d(spec, batch, height, width, x, null, weight, bias,
                    Reference.columns(wide, all, from, out)), on.run(() -> conv.forward(input, columns)));
        }
    }

    /** Weights are packed for the first shape they meet; later ones must do with that layout. */
    @ParameterizedTest
    @CsvSource({"1,1,9", "1,9,1", "3,1,17", "3,17,1"})
    void oneLayerServesEverySize(int kernel, int before, int after) {
        var spec = Spec.of(20, 36, kernel);
        float[] weight = on.normal(36 * 20 * kernel * kernel);
        float[] bias = on.normal(36);
        try (Conv2d conv = on.device().conv2d(spec,
                new MapWeights().with("weight", weight, 36, 20, kernel, kernel).with("bias", bias, 36))) {
            for (int size : new int[] {before, after, before}) {
                float[] x = on.normal(2 * size * size * 20);
                Tensor input = on.input(x, 2, size, size, 20);
                on.assertMatches(r -> r.conv2d(spec, 2, size, size, x, null, weight, bias, null),
                        on.run(() -> conv.forward(input)));
            }
        }
    }

    /** A map that comes out a pixel wide may need another implementation, with weights in the layout of the first. */
    @ParameterizedTest
    @CsvSource({"16,2", "2,16"})
    void oneHalvingLayerServesSquareAndTallMaps(int before, int after) {
        var spec = Spec.of(20, 36, 3).halving(Padding.SYMMETRIC);
        float[] weight = on.normal(36 * 20 * 9);
        float[] bias = on.normal(36);
        try (Conv2d conv = on.device().conv2d(spec,
                new MapWeights().with("weight", weight, 36, 20, 3, 3).with("bias", bias, 36))) {
            for (int width : new int[] {before, after, before}) {
                float[] x = on.normal(2 * 16 * width * 20);
                Tensor input = on.input(x, 2, 16, width, 20);
                on.assertMatches(r -> r.conv2d(spec, 2, 16, width, x, null, weight, bias, null),
                        on.run(() -> conv.forward(input)));
            }
        }
    }

    @Test
    void knowsItsOutputSize() {
        assertEquals(7, Spec.of(1, 1, 1).outputSize(7));
        assertEquals(7, Spec.of(1, 1, 3).outputSize(7));
        assertEquals(14, Spec.of(1, 1, 3).doubling().outputSize(7));
        assertEquals(4, Spec.of(1, 1, 3).halving(Padding.SYMMETRIC).outputSize(7));
        assertEquals(4, Spec.of(1, 1, 3).halving(Padding.SYMMETRIC).outputSize(8));
        assertEquals(3, Spec.of(1, 1, 3).halving(Padding.BOTTOM_RIGHT).outputSize(7));
        assertEquals(4, Spec.of(1, 1, 3).halving(Padding.BOTTOM_RIGHT).outputSize(8));
    }

    @Test
    void refusesInputsAndAddendsOfAnotherShape() {
        Tensor x = on.input(on.normal(2 * 3 * 3 * 4), 2, 3, 3, 4);
        Tensor addend = on.input(on.normal(2 * 3 * 5), 2, 3, 5);
        for (int kernel : new int[] {1, 3}) {
            try (Conv2d conv = on.device().conv2d(Spec.of(4, 5, kernel), new MapWeights()
                    .with("weight", on.normal(5 * 4 * kernel * kernel), 5, 4, kernel, kernel)
                    .with("bias", on.normal(5), 5))) {
                assertThrows(IllegalArgumentException.class, () -> on.run(() -> conv.forward(x.columns(0, 3))));
                assertThrows(IllegalArgumentException.class, () -> on.run(() -> conv.forward(x, x, null)));
                assertThrows(IllegalArgumentException.class, () -> on.run(() -> conv.forward(x, addend)));
            }
        }
    }
}
