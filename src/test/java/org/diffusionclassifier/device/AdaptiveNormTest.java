package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a diffusion transformer does by image, {@link Device#adaptiveNorm}, {@link Device#gatedSum} and
 * {@link Device#swapAxes}, against the {@link Reference}, by the criterion of {@link DeviceFixture}. Conditions are
 * columns of a wider tensor, as the network has them.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class AdaptiveNormTest {

    private static final float EPSILON = 1e-6f;

    private final DeviceFixture on;

    AdaptiveNormTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    /** Widths at and beyond what a kernel holds in registers, and such as 8 does not divide. */
    @ParameterizedTest
    @CsvSource({"1,1,8", "2,7,64", "3,33,512", "1,5,520", "2,3,1152", "1,2,1288", "1,3,2048", "2,2,2056", "2,19,17",
        "1,1,1", "5,16,12"})
    void scalesAndShiftsEachImage(int batch, int rows, int channels) {
        check(batch, rows, channels, 0, 1);
    }

    @ParameterizedTest
    @CsvSource({"0,1000", "0,0.01", "100,1"})
    void normalisesRowsOfAnyMagnitude(double mean, double deviation) {
        check(2, 9, 104, mean, deviation);
    }

    private void check(int batch, int rows, int channels, double mean, double deviation) {
        float[] x = on.normal(batch * rows * channels, mean, deviation);
        float[] conditions = on.normal(batch * 3 * channels);
        float[] shift = Reference.columns(conditions, 3 * channels, 0, channels);
        float[] scale = Reference.columns(conditions, 3 * channels, 2 * channels, channels);
        Tensor input = on.input(x, batch, rows, channels);
        Tensor condition = on.input(conditions, batch, 3 * channels);
        DeviceFixture.assertMatches(on.device().dtype(), 1 + mean / deviation,
                r -> r.norms().adaptiveNorm(batch, channels, EPSILON, x, shift, scale),
                on.run(() -> on.device().adaptiveNorm(input, condition.columns(0, channels),
                        condition.columns(2 * channels, channels), EPSILON)));
    }

    /** A scale of 0 is that of a network before training: the plain norm. */
    @Test
    void rowsWithoutVarianceBecomeTheShift() {
        float[] x = new float[2 * 3 * 40];
        Arrays.fill(x, -3);
        float[] shift = on.normal(80);
        Tensor input = on.input(x, 2, 3, 40);
        Tensor offset = on.input(shift, 2, 40);
        Tensor scale = on.input(new float[80], 2, 40);
        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = shift[i / 120 * 40 + i % 40];
        }
        assertArrayEquals(expected, on.run(() -> on.device().adaptiveNorm(input, offset, scale, EPSILON)));
    }

    @ParameterizedTest
    @CsvSource({"1,1,8", "2,7,64", "3,33,1152", "2,19,17", "1,1,1", "4,300,24"})
    void addsByAsMuchAsTheGateSays(int batch, int rows, int channels) {
        float[] x = on.normal(batch * rows * channels);
        float[] z = on.normal(batch * rows * channels, 0, 3);
        float[] conditions = on.normal(batch * 2 * channels);
        float[] gate = Reference.columns(conditions, 2 * channels, channels, channels);
        Tensor input = on.input(x, batch, rows, channels);
        Tensor addend = on.input(z, batch, rows, channels);
        Tensor condition = on.input(conditions, batch, 2 * channels);
        on.assertMatches(r -> r.norms().gatedSum(batch, channels, x, gate, z),
                on.run(() -> on.device().gatedSum(input, condition.columns(channels, channels), addend)));
    }

    @Test
    void anImageHasTheSameBitsWhateverElseIsInTheBatch() {
        float[] x = on.normal(3 * 21 * 72);
        float[] conditions = on.normal(3 * 72);
        Tensor three = on.input(x, 3, 21, 72);
        Tensor one = on.input(Arrays.copyOfRange(x, x.length / 3 * 2, x.length), 1, 21, 72);
        Tensor all = on.input(conditions, 3, 72);
        Tensor last = on.input(Arrays.copyOfRange(conditions, 144, 216), 1, 72);
        float[] together = on.run(() -> on.device().gatedSum(on.device().adaptiveNorm(three, all, all, EPSILON), all,
                three));
        assertArrayEquals(on.run(() -> on.device().gatedSum(on.device().adaptiveNorm(one, last, last, EPSILON), last,
                one)), Arrays.copyOfRange(together, x.length / 3 * 2, x.length));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1", "2,3,5,7", "4,2,16,8", "3,16,2,16", "1,1,300,3"})
    void swapsTheMiddleAxes(int a, int b, int c, int w) {
        float[] values = on.normal(a * b * c * w);
        double[] expected = Reference.swapAxes(values, b, c, w);
        for (DType type : new DType[] {on.device().dtype(), DType.F32}) {
            Tensor input = on.input(type, values, a, b, c, w);
            float[] found = on.run(() -> on.device().swapAxes(input));
            assertArrayEquals(expected, IntStream.range(0, found.length).mapToDouble(i -> found[i]).toArray());
        }
    }

    @Test
    void refuseWhatDoesNotFit() {
        Tensor x = on.input(on.normal(2 * 3 * 16), 2, 3, 16);
        Tensor rows = on.input(on.normal(2 * 16), 2, 16);
        Tensor other = on.input(on.normal(3 * 16), 3, 16);
        Device device = on.device();
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.adaptiveNorm(x, rows, other, EPSILON)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.adaptiveNorm(x.columns(0, 8),
                rows.columns(0, 8), rows.columns(8, 8), EPSILON)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.gatedSum(x, other, x)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.gatedSum(x, rows, x.slice(0, 1))));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.swapAxes(x)));
    }
}
