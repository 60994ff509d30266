package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
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
 * What transformers conditioned on captions need besides: {@link RmsNorm}, {@link Device#joinTokens},
 * {@link Device#someTokens}, {@link Device#product} and {@link Device#biasedAttention}, against plain loops in double, by
 * the criterion of {@link DeviceFixture}.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class TokensTest {

    private final DeviceFixture on;

    TokensTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    /** Heads of 64 and 128, a text encoder's rows, and widths that no vector divides. */
    @ParameterizedTest
    @CsvSource({"3,24,64", "5,2,128", "7,1,4096", "2,3,48", "4,5,8", "3,1,17", "1,1,1", "9,4,16", "33,1,520"})
    void normalisesByTheRootMeanSquare(int rows, int groups, int channels) {
        float[] x = on.normal(rows * groups * channels, 1, 2);
        float[] weight = on.normal(channels);
        Tensor input = on.input(x, 1, rows, groups * channels);
        try (RmsNorm norm = norm(channels, weight)) {
            on.assertMatches(r -> r.norms().rmsNorm(channels, 1e-6f, x, weight), on.run(() -> norm.forward(input)));
        }
    }

    /** Queries and keys are columns of a product with all three. */
    @ParameterizedTest
    @CsvSource({"2,3,4,16", "1,5,2,64", "2,2,3,5"})
    void normalisesColumnsOfWiderRows(int batch, int tokens, int heads, int channels) {
        int width = heads * channels;
        float[] all = on.normal(batch * tokens * 3 * width);
        float[] weight = on.normal(channels);
        float[] keys = Reference.columns(all, 3 * width, width, width);
        Tensor input = on.input(all, batch, tokens, 3 * width);
        try (RmsNorm norm = norm(channels, weight)) {
            on.assertMatches(r -> r.norms().rmsNorm(channels, 1e-6f, keys, weight),
                    on.run(() -> norm.forward(input.columns(width, width))));
        }
    }

    @Test
    void aRowOfZerosStaysZero() {
        try (RmsNorm norm = norm(16, on.normal(16))) {
            Tensor input = on.input(new float[32], 1, 2, 16);
            assertArrayEquals(new float[32], on.run(() -> norm.forward(input)), 1e-30f);     // −0 is 0
        }
    }

    private RmsNorm norm(int channels, float[] weight) {
        return on.device().rmsNorm(new RmsNorm.Spec(channels, 1e-6f),
                new MapWeights().with("weight", weight, channels));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,8", "2,5,3,24", "3,64,13,64", "2,3,4,17", "1,300,77,40"})
    void joinsTokensAndTakesThemApart(int batch, int first, int second, int channels) {
        float[] a = on.normal(batch * first * channels);
        float[] b = on.normal(batch * second * channels);
        Tensor one = on.input(a, batch, first, channels);
        Tensor other = on.input(b, batch, second, channels);
        float[] both = new float[a.length + b.length];
        int image = (first + second) * channels;
        for (int i = 0; i < batch; i++) {
            System.arraycopy(a, i * first * channels, both, i * image, first * channels);
            System.arraycopy(b, i * second * channels, both, i * image + first * channels, second * channels);
        }
        assertArrayEquals(both, on.run(() -> on.device().joinTokens(one, other)));
        assertArrayEquals(a, on.run(() -> on.device().someTokens(on.device().joinTokens(one, other), 0, first)));
        assertArrayEquals(b, on.run(() -> on.device().someTokens(on.device().joinTokens(one, other), first, second)));
    }

    @Test
    void joinsColumnsOfWiderRows() {
        float[] a = on.normal(2 * 3 * 48);
        float[] b = on.normal(2 * 2 * 16);
        Tensor one = on.input(a, 2, 3, 48);
        Tensor other = on.input(b, 2, 2, 16);
        float[] joined = on.run(() -> on.device().joinTokens(one.columns(16, 16), other));
        float[] columns = Reference.columns(a, 48, 16, 16);
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(Arrays.copyOfRange(columns, i * 48, (i + 1) * 48),
                    Arrays.copyOfRange(joined, i * 80, i * 80 + 48));
            assertArrayEquals(Arrays.copyOfRange(b, i * 32, (i + 1) * 32),
                    Arrays.copyOfRange(joined, i * 80 + 48, (i + 1) * 80));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,17", "5,2048", "2,2051"})
    void multipliesElementByElement(int rows, int width) {
        float[] a = on.normal(rows * width);
        float[] b = on.normal(rows * width, 1, 3);
        Tensor one = on.input(a, rows, width);
        Tensor other = on.input(b, rows, width);
        DType type = on.device().dtype();
        float[] expected = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            expected[i] = Reference.round(a[i] * b[i], type);
        }
        assertArrayEquals(expected, on.run(() -> on.device().product(one, other)));
    }

    /** Scores are not scaled; the bias is another for each head, and may be large. */
    @ParameterizedTest
    @CsvSource({"1,1,1,8,1", "2,24,4,8,1", "1,77,3,16,3", "3,33,2,64,10", "1,130,1,24,1"})
    void attendsWithABias(int batch, int length, int heads, int d, double deviation) {
        int width = heads * d;
        float[] qkv = on.normal(batch * length * 3 * width, 0, 1 / Math.sqrt(Math.sqrt(d)));
        float[] bias = new float[heads * length * length];
        float[] normal = on.normal(bias.length, 0, deviation);
        System.arraycopy(normal, 0, bias, 0, bias.length);
        Tensor input = on.input(qkv, batch, length, 3 * width);
        Tensor added = on.input(DType.F32, bias, heads, length, length);
        on.assertMatches(r -> attention(r == Reference.EXACT ? x -> x : x -> Reference.round((float) x, on.device().dtype()),
                batch, length, heads, d, qkv, bias),
                on.run(() -> on.device().biasedAttention(input.columns(0, width), input.columns(width, width),
                        input.columns(2 * width, width), added)));
    }

    /** @param stored what becomes of a weight or a result that is written to memory */
    private static double[] attention(DoubleUnaryOperator stored, int batch, int length, int heads, int d, float[] qkv,
                                      float[] bias) {
        int width = heads * d;
        double[] y = new double[batch * length * width];
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int i = 0; i < length; i++) {
                    double[] weight = new double[length];
                    double sum = 0;
                    for (int j = 0; j < length; j++) {
                        double score = bias[(h * length + i) * length + j];
                        for (int c = 0; c < d; c++) {
                            score += (double) qkv[(b * length + i) * 3 * width + h * d + c]
                                    * qkv[(b * length + j) * 3 * width + width + h * d + c];
                        }
                        weight[j] = Math.exp(score);
                        sum += weight[j];
                    }
                    for (int j = 0; j < length; j++) {
                        double share = stored.applyAsDouble(weight[j] / sum);
                        for (int c = 0; c < d; c++) {
                            y[(b * length + i) * width + h * d + c] += share
                                    * qkv[(b * length + j) * 3 * width + 2 * width + h * d + c];
                        }
                    }
                }
            }
        }
        return Arrays.stream(y).map(stored).toArray();
    }

    @Test
    void refuseWhatDoesNotFit() {
        Device device = on.device();
        Tensor x = on.input(on.normal(2 * 3 * 16), 2, 3, 16);
        Tensor other = on.input(on.normal(3 * 3 * 16), 3, 3, 16);
        Tensor bias = on.input(DType.F32, on.normal(2 * 4 * 4), 2, 4, 4);
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.joinTokens(x, other)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.joinTokens(x, x.columns(0, 8))));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.someTokens(x, 2, 2)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.product(x, other)));
        assertThrows(IllegalArgumentException.class, () -> on.run(() -> device.biasedAttention(x, x, x, bias)));
        try (RmsNorm norm = norm(5, on.normal(5))) {
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> norm.forward(x)));
        }
    }
}
