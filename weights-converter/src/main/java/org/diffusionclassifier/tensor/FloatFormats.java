package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Conversions between {@code float} and the short formats of weight files: IEEE 754 binary16 (F16), bfloat16 (BF16, the
 * upper half of a {@code float}), and the two 8-bit formats, which are only decoded. Both ways into 16 bits round to
 * nearest, ties to even, and overflow to infinity; a NaN stays a NaN and becomes quiet. All ways out are exact.
 *
 * <p>The 8-bit formats (OCP 8-bit Floating Point Specification, OFP8, section 5) have sign, exponent e and fraction m,
 * highest bits first:
 * <pre>
 *   F8_E4M3   s eeee mmm   bias 7    no infinities: only e = 15 with m = 7 is NaN, and 448 is the largest number
 *   F8_E5M2   s eeeee mm   bias 15   as IEEE 754 has it: e = 31 is infinity (m = 0) or NaN
 * </pre>
 */
public final class FloatFormats {

    private static final int INFINITY = 0x7f80_0000;

    /** The value of each of the 256 codes. */
    private static final float[] E4M3 = codes(3, 7, 0x7f);
    private static final float[] E5M2 = codes(2, 15, 0x7d);

    private FloatFormats() {
    }

    /**
     * Decodes all that remains of {@code stored}, of any type that {@link DType#isFloat}, in its byte order. F64 are
     * rounded to nearest.
     */
    public static void decode(DType dtype, ByteBuffer stored, FloatBuffer destination) {
        switch (dtype) {
            case F64 -> {
                for (var values = stored.asDoubleBuffer(); values.hasRemaining(); ) {
                    destination.put((float) values.get());
                }
            }
            case F32 -> destination.put(stored.asFloatBuffer());
            case F16 -> {
                for (var values = stored.asShortBuffer(); values.hasRemaining(); ) {
                    destination.put(fromF16(values.get()));
                }
            }
            case BF16 -> {
                for (var values = stored.asShortBuffer(); values.hasRemaining(); ) {
                    destination.put(fromBF16(values.get()));
                }
            }
            case F8_E4M3 -> decode(E4M3, stored, destination);
            case F8_E5M2 -> decode(E5M2, stored, destination);
            default -> throw new IllegalArgumentException(dtype + " holds no floats");
        }
    }

    private static void decode(float[] values, ByteBuffer codes, FloatBuffer destination) {
        while (codes.hasRemaining()) {
            destination.put(values[codes.get() & 0xff]);
        }
    }

    /**
     * Of the codes from 0 to 127 all below {@code firstNaN} are numbers, but for an infinity right before it if there
     * are several NaNs; those from 128 on are their negatives.
     */
    private static float[] codes(int fractionBits, int bias, int firstNaN) {
        var values = new float[256];
        for (int code = 0; code < 128; code++) {
            int exponent = code >> fractionBits;
            int fraction = code & (1 << fractionBits) - 1;
            float magnitude = code >= firstNaN ? Float.NaN
                    : code == firstNaN - 1 && firstNaN < 127 ? Float.POSITIVE_INFINITY
                    : exponent == 0 ? Math.scalb((float) fraction, 1 - bias - fractionBits)
                    : Math.scalb((float) (fraction + (1 << fractionBits)), exponent - bias - fractionBits);
            values[code] = magnitude;
            values[code + 128] = -magnitude;
        }
        return values;
    }

    /**
     * Encodes values from the start of {@code destination} on, as F32, F16 or BF16 in its byte order. A value that
     * would overflow becomes the largest finite value of its sign.
     *
     * @return how many values would have overflowed
     */
    public static long encodeSaturating(DType dtype, float[] values, int count, ByteBuffer destination) {
        if (dtype == DType.F32) {
            destination.asFloatBuffer().put(values, 0, count);
            return 0;
        }
        int exponent = exponentMask(dtype);
        long saturated = 0;
        for (int i = 0; i < count; i++) {
            short encoded = dtype == DType.F16 ? toF16(values[i]) : toBF16(values[i]);
            if ((encoded & exponent) == exponent && Float.isFinite(values[i])) {
                encoded--;                  // from infinity to what comes before it
                saturated++;
            }
            destination.putShort(2 * i, encoded);
        }
        return saturated;
    }

    /** How many values are NaN or infinite. */
    public static long countNotFinite(float[] values, int count) {
        long found = 0;
        for (int i = 0; i < count; i++) {
            found += (Float.floatToRawIntBits(values[i]) & INFINITY) == INFINITY ? 1 : 0;
        }
        return found;
    }

    /**
     * Whether an F32, F16 or BF16 among the remaining bytes is NaN or infinite: its exponent is all ones, so that adding
     * one at the exponent's lowest place carries into the sign's, which was masked out. Eight bytes at a time.
     */
    public static boolean hasNotFinite(DType dtype, ByteBuffer stored) {
        long exponent = exponentMask(dtype) & 0xffff_ffffL;
        long lowest = exponent & -exponent;
        long sign = 1L << 8 * dtype.bytes() - 1;
        for (int bits = 8 * dtype.bytes(); bits < 64; bits *= 2) {
            exponent |= exponent << bits;
            lowest |= lowest << bits;
            sign |= sign << bits;
        }
        long carried = 0;
        var words = stored.asLongBuffer();
        while (words.hasRemaining()) {
            carried |= (words.get() & exponent) + lowest;
        }
        int rest = stored.remaining() % Long.BYTES;
        return (carried & sign) != 0
                || countNotFinite(dtype, stored.duplicate().order(stored.order()).position(stored.limit() - rest)) > 0;
    }

    /** How many of the remaining F32, F16 or BF16 are NaN or infinite. */
    public static long countNotFinite(DType dtype, ByteBuffer stored) {
        int exponent = exponentMask(dtype);
        long found = 0;
        for (int at = stored.position(); at < stored.limit(); at += dtype.bytes()) {
            int bits = dtype == DType.F32 ? stored.getInt(at) : stored.getShort(at);
            found += (bits & exponent) == exponent ? 1 : 0;
        }
        return found;
    }

    private static int exponentMask(DType dtype) {
        return switch (dtype) {
            case F32 -> INFINITY;
            case F16 -> 0x7c00;
            case BF16 -> 0x7f80;
            default -> throw new IllegalArgumentException("floats as " + dtype);
        };
    }

    /** The exact value of a binary16. */
    public static float fromF16(short f16) {
        int sign = (f16 & 0x8000) << 16;
        int exponent = f16 >>> 10 & 0x1f;
        int fraction = f16 & 0x3ff;
        int magnitude = switch (exponent) {
            case 0 -> Float.floatToRawIntBits(fraction * 0x1p-24f);
            case 0x1f -> INFINITY | fraction << 13;
            default -> exponent + (127 - 15) << 23 | fraction << 13;
        };
        return Float.intBitsToFloat(sign | magnitude);
    }

    /** The binary16 nearest to {@code value}. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fff_ffff;
        if (magnitude > INFINITY) {
            return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
        }
        float absolute = Math.abs(value);
        if (absolute >= 65520) {                // halfway between the largest binary16, 65504, and 2^16
            return (short) (sign | 0x7c00);
        }
        if (absolute < 0x1p-14f) {              // subnormal: a multiple of 2^-24
            return (short) (sign | (int) Math.rint(absolute * 0x1p24f));
        }
        return (short) (sign | dropBits(magnitude - (127 - 15 << 23), 13));
    }

    /** The exact value of a bfloat16. */
    public static float fromBF16(short bf16) {
        return Float.intBitsToFloat(bf16 << 16);
    }

    /** The bfloat16 nearest to {@code value}. */
    public static short toBF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fff_ffff) > INFINITY) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) dropBits(bits, 16);
    }

    /**
     * {@code bits} without its {@code dropped} lowest ones, rounded to nearest even. A carry runs on into the exponent,
     * which is what rounding up to the next power of two, or to infinity, means.
     */
    private static int dropBits(int bits, int dropped) {
        int lastKept = bits >>> dropped & 1;
        return bits + (1 << dropped - 1) - 1 + lastKept >>> dropped;
    }
}
