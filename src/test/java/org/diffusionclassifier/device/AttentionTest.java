package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link Attention} against the {@link Reference}, by the criterion of {@link DeviceFixture}; for 16-bit types the
 * plain computation stores the softmax before the second product.
 */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class AttentionTest {

    private final DeviceFixture on;

    AttentionTest(DType dtype) {
        on = new DeviceFixture(dtype);
    }

    @AfterEach
    void close() {
        on.close();
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,8", "1,7,7,1,8", "3,1,77,2,16", "1,77,77,3,24", "1,129,77,2,40", "3,130,130,2,8",
        "1,257,1,1,16", "1,128,3,4,64", "2,16,129,1,160", "1,5,70,2,104", "1,33,65,1,512",
        "2,100,78,2,40", "5,70,140,1,24", "2,130,4429,6,64"})
    void attendsToEveryToken(int batch, int queries, int keys, int heads, int d) {
        check(new Attention.Spec(heads, heads * d, false), batch, queries, keys, 1);
    }

    @ParameterizedTest
    @CsvSource({"1,8", "2,8", "7,8", "77,8", "128,8", "129,8", "130,8", "257,8", "77,64", "200,40", "97,160", "150,152",
        "50,512"})
    void causalAttentionSeesNothingThatComesLater(int tokens, int d) {
        check(new Attention.Spec(3, 3 * d, true), 2, tokens, tokens, 1);
    }

    /** Keys that no tile size divides, after some that every one does. */
    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160})
    void everyHeadWidth(int d) {
        check(new Attention.Spec(2, 2 * d, false), 1, 131, 141, 1);
    }

    /** Widths that a GPU has no kernel for. */
    @ParameterizedTest
    @CsvSource({"4,false", "1,false", "12,true", "20,false", "161,false", "200,false"})
    void headsOfAnyWidth(int d, boolean causal) {
        check(new Attention.Spec(2, 2 * d, causal), 2, 33, causal ? 33 : 77, 1);
    }

    /** A device may have memory that all attention of so many keys shares: rows of a head's weights, few or many. */
    @Test
    void worksAmongOthersOfAsManyKeys() {
        check(new Attention.Spec(1, 16, false), 1, 3, 77, 1);
        check(new Attention.Spec(3, 24, false), 2, 130, 77, 1);
        check(new Attention.Spec(2, 80, true), 3, 77, 77, 1);
        check(new Attention.Spec(1, 16, false), 1, 33, 77, 1);
    }

    /** Few queries with many keys: a device may split the keys and put the parts together afterwards. */
    @ParameterizedTest
    @CsvSource({"1,3,1000,1,64", "2,130,640,1,40", "1,1,513,2,160", "1,9,1100,1,8", "2,35,700,1,512"})
    void attendsToManyKeys(int batch, int queries, int keys, int heads, int d) {
        check(new Attention.Spec(heads, heads * d, false), batch, queries, keys, 1);
    }

    /** The softmax's maximum moves again and again, whichever end of the keys a device begins at. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void survivesScoresThatGrowAlongTheKeys(boolean backwards) {
        int keys = 500;
        int d = 16;
        float[] q = on.normal(9 * d, 4, 1);
        float[] v = on.normal(keys * d);
        double[] growing = new double[keys * d];
        for (int i = 0; i < growing.length; i++) {
            growing[i] = 8.0 * (backwards ? growing.length - i : i) / growing.length;
        }
        check(new Attention.Spec(1, d, false), 1, q, on.rounded(growing), v, keys, 64);
    }

    /** Scores of some ±50: the softmax is all but one token's. Float32 scores are good to 50·2⁻²⁴, a weight as well. */
    @Test
    void survivesASaturatedSoftmax() {
        check(new Attention.Spec(2, 32, false), 1, 33, 65, 7);
    }

    private void check(Attention.Spec spec, int batch, int queries, int keys, double magnitude) {
        float[] q = on.normal(batch * queries * spec.width(), 0, magnitude);
        float[] k = on.normal(batch * keys * spec.width());
        float[] v = on.normal(batch * keys * spec.width());
        check(spec, batch, q, k, v, keys, magnitude);
    }

    private void check(Attention.Spec spec, int batch, float[] q, float[] k, float[] v, int keys, double magnitude) {
        int queries = q.length / (batch * spec.width());
        Tensor qInput = on.input(q, batch, queries, spec.width());
        Tensor kInput = on.input(k, batch, keys, spec.width());
        Tensor vInput = on.input(v, batch, keys, spec.width());
        try (Attention attention = on.device().attention(spec)) {
            DeviceFixture.assertMatches(on.device().dtype(), magnitude,
                    r -> r.attention(spec, batch, q, k, v, keys, null),
                    on.run(() -> attention.forward(qInput, kInput, vInput)));
        }
    }

    /** Equal scores of 64 · 64 · 16 / 4 = 16384, exact in float32, whose exponential no type can hold. */
    @Test
    void hugeEqualScoresAverageTheValues() {
        var spec = new Attention.Spec(1, 16, false);
        float[] ones = new float[9 * 16];
        Arrays.fill(ones, 64);
        float[] v = on.normal(9 * 16);
        Tensor same = on.input(ones, 1, 9, 16);
        Tensor values = on.input(v, 1, 9, 16);
        try (Attention attention = on.device().attention(spec)) {
            on.assertMatches(r -> r.attention(spec, 1, ones, ones, v, 9, null),
                    on.run(() -> attention.forward(same, same, values)));
        }
    }

    @ParameterizedTest
    @CsvSource({"7,false", "77,true", "130,false", "130,true"})
    void takesPackedQueriesKeysAndValues(int tokens, boolean causal) {
        int width = 3 * 24;
        var spec = new Attention.Spec(3, width, causal);
        float[] packed = on.normal(2 * tokens * 3 * width);
        float[] q = Reference.columns(packed, 3 * width, 0, width);
        float[] k = Reference.columns(packed, 3 * width, width, width);
        float[] v = Reference.columns(packed, 3 * width, 2 * width, width);
        Tensor input = on.input(packed, 2, tokens, 3 * width);
        try (Attention attention = on.device().attention(spec)) {
            on.assertMatches(r -> r.attention(spec, 2, q, k, v, tokens, null),
                    on.run(() -> attention.forward(input.columns(0, width), input.columns(width, width),
                            input.columns(2 * width, width))));
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "9", "129"})
    void eachEntryChoosesItsKeysAndValues(int queries) {
        int keys = 77;
        int width = 2 * 40;
        int[] entry = {3, 0, 3, 1};
        var spec = new Attention.Spec(2, width, false);
        float[] q = on.normal(4 * queries * width);
        float[] packed = on.normal(5 * keys * 2 * width);
        float[] k = Reference.columns(packed, 2 * width, 0, width);
        float[] v = Reference.columns(packed, 2 * width, width, width);
        Tensor qInput = on.input(q, 4, queries, width);
        Tensor input = on.input(packed, 5, keys, 2 * width);
        Tensor entries = on.input(entry, 4);
        try (Attention attention = on.device().attention(spec)) {
            on.assertMatches(r -> r.attention(spec, 4, q, k, v, keys, entry),
                    on.run(() -> attention.forward(qInput, input.columns(0, width), input.columns(width, width),
                            entries)));
        }
    }

    /** Keys and values that are not columns of the same rows. */
    @ParameterizedTest
    @CsvSource({"1", "9", "130"})
    void eachEntryChoosesFromTwoTables(int queries) {
        int keys = 7;
        int width = 3 * 8;
        int[] entry = {1, 1, 0, 2, 0};
        var spec = new Attention.Spec(3, width, false);
        float[] q = on.normal(5 * queries * width);
        float[] k = on.normal(3 * keys * width);
        float[] v = on.normal(3 * keys * width);
        Tensor qInput = on.input(q, 5, queries, width);
        Tensor kInput = on.input(k, 3, keys, width);
        Tensor vInput = on.input(v, 3, keys, width);
        Tensor entries = on.input(entry, 5);
        try (Attention attention = on.device().attention(spec)) {
            on.assertMatches(r -> r.attention(spec, 5, q, k, v, keys, entry),
                    on.run(() -> attention.forward(qInput, kInput, vInput, entries)));
        }
    }

    @Test
    void refusesInputsOfAnotherWidth() {
        Tensor x = on.input(on.normal(3 * 16), 1, 3, 16);
        Tensor narrow = x.columns(0, 8);
        try (Attention attention = on.device().attention(new Attention.Spec(2, 16, false))) {
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> attention.forward(narrow, x, x)));
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> attention.forward(x, narrow, x)));
            assertThrows(IllegalArgumentException.class, () -> on.run(() -> attention.forward(x, x, narrow)));
        }
    }
}
