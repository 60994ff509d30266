package org.diffusionclassifier.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the definitions of the formats, over all values of each. */
class FloatFormatsTest {

    private static final int F16_INFINITY = 0x7c00;
    private static final int BF16_INFINITY = 0x7f80;

    @Test
    void everyF16HasTheValueOfItsDefinition() {
        for (int half = 0; half <= 0xffff; half++) {
            int exponent = half >> 10 & 31;
            int fraction = half & 1023;
            double magnitude = exponent == 0 ? Math.scalb((double) fraction, -24)
                    : exponent < 31 ? Math.scalb(1024 + fraction, exponent - 25)
                    : fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            double expected = half < 0x8000 ? magnitude : -magnitude;
            assertEquals((float) expected, FloatFormats.fromF16((short) half), "half " + Integer.toHexString(half));
        }
    }

    @Test
    void everyBF16IsTheUpperHalfOfItsFloat() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            int exponent = bits >> 7 & 255;
            int fraction = bits & 127;
            double magnitude = exponent == 0 ? Math.scalb((double) fraction, -133)
                    : exponent < 255 ? Math.scalb(128 + fraction, exponent - 134)
                    : fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            double expected = bits < 0x8000 ? magnitude : -magnitude;
            assertEquals((float) expected, FloatFormats.fromBF16((short) bits), "bits " + Integer.toHexString(bits));
        }
    }

    /** Of exact fractions, which src/test/resources/float8/make.py computes from the tables of the specification. */
    @ParameterizedTest
    @CsvFileSource(resources = "/float8/codes.csv")
    void everyF8HasTheValueOfItsDefinition(int code, String e4m3, String e5m2) {
        assertEquals(fraction(e4m3), decoded(DType.F8_E4M3, code), "E4M3 " + code);
        assertEquals(fraction(e5m2), decoded(DType.F8_E5M2, code), "E5M2 " + code);
    }

    /** The values that the specification names in its table 2. */
    @Test
    void theLimitsOfF8AreThoseOfItsSpecification() {
        assertEquals(448, decoded(DType.F8_E4M3, 0b0_1111_110));
        assertEquals(0x1p-6f, decoded(DType.F8_E4M3, 0b0_0001_000));
        assertEquals(-0x1p-9f, decoded(DType.F8_E4M3, 0b1_0000_001));
        assertEquals(57344, decoded(DType.F8_E5M2, 0b0_11110_11));
        assertEquals(0x1p-14f, decoded(DType.F8_E5M2, 0b0_00001_00));
        assertEquals(-0x1p-16f, decoded(DType.F8_E5M2, 0b1_00000_01));
    }

    private static float fraction(String text) {
        String[] parts = text.replace("inf", "Infinity").replace("nan", "NaN").split("/");
        return Float.parseFloat(parts[0]) / (parts.length > 1 ? Float.parseFloat(parts[1]) : 1);
    }

    private static float decoded(DType dtype, int code) {
        var value = FloatBuffer.allocate(1);
        FloatFormats.decode(dtype, ByteBuffer.wrap(new byte[] {(byte) code}), value);
        return value.get(0);
    }

    @Test
    void everyValueOf16BitsComesBackFromFloat() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float f16 = FloatFormats.fromF16((short) bits);
            float bf16 = FloatFormats.fromBF16((short) bits);
            if (Float.isNaN(f16)) {
                assertTrue(Float.isNaN(FloatFormats.fromF16(FloatFormats.toF16(f16))));
            } else {
                assertEquals((short) bits, FloatFormats.toF16(f16));
            }
            if (Float.isNaN(bf16)) {
                assertTrue(Float.isNaN(FloatFormats.fromBF16(FloatFormats.toBF16(bf16))));
            } else {
                assertEquals((short) bits, FloatFormats.toBF16(bf16));
            }
        }
    }

    @Test
    void betweenTwoF16TheNearerIsTakenAndOfEquallyNearOnesTheEven() {
        for (int low = 0; low < F16_INFINITY - 1; low++) {
            float middle = (FloatFormats.fromF16((short) low) + FloatFormats.fromF16((short) (low + 1))) / 2;
            int even = low + (low & 1);
            assertEquals((short) low, FloatFormats.toF16(Math.nextDown(middle)));
            assertEquals((short) even, FloatFormats.toF16(middle));
            assertEquals((short) (low + 1), FloatFormats.toF16(Math.nextUp(middle)));
            assertEquals((short) (even | 0x8000), FloatFormats.toF16(-middle));
        }
    }

    @Test
    void betweenTwoBF16TheNearerIsTakenAndOfEquallyNearOnesTheEven() {
        for (int low = 0; low < BF16_INFINITY - 1; low++) {
            double sum = (double) FloatFormats.fromBF16((short) low) + FloatFormats.fromBF16((short) (low + 1));
            float middle = (float) (sum / 2);
            int even = low + (low & 1);
            assertEquals((short) low, FloatFormats.toBF16(Math.nextDown(middle)));
            assertEquals((short) even, FloatFormats.toBF16(middle));
            assertEquals((short) (low + 1), FloatFormats.toBF16(Math.nextUp(middle)));
            assertEquals((short) (even | 0x8000), FloatFormats.toBF16(-middle));
        }
    }

    /** The expected bits are numpy's: {@code np.float32(x).astype(np.float16).view(np.uint16)}. */
    @ParameterizedTest
    @CsvSource({"65504, 7bff", "65519.996, 7bff", "65520, 7c00", "-65520, fc00", "3.4028235e38, 7c00", "1e-45, 0000",
        "-1e-45, 8000", "2.9802322e-8, 0000", "2.9802326e-8, 0001", "6.0975552e-5, 03ff", "0.333333, 3555",
        "3.14159, 4248", "-0.1, ae66", "Infinity, 7c00", "-Infinity, fc00"})
    void f16AgreesWithNumpy(float value, String bits) {
        assertEquals(bits, String.format("%04x", FloatFormats.toF16(value)));
    }

    @Test
    void bf16OverflowsToInfinity() {
        assertEquals((short) 0x7f80, FloatFormats.toBF16(Float.MAX_VALUE));
        assertEquals((short) 0xff80, FloatFormats.toBF16(-Float.MAX_VALUE));
    }

    @Test
    void aNaNWhosePayloadIsCutOffStaysANaN() {
        float low = Float.intBitsToFloat(0x7f80_0001);
        assertTrue(Float.isNaN(FloatFormats.fromF16(FloatFormats.toF16(low))));
        assertTrue(Float.isNaN(FloatFormats.fromBF16(FloatFormats.toBF16(low))));
    }
}
