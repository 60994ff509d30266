package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Conversions between {@code float} and the two 16-bit formats of weight files: IEEE 754 binary16 (F16) and bfloat16
 * (BF16, the upper half of a {@code float}). Both ways into 16 bits round to nearest, ties to even, and overflow to
 * infinity; a NaN stays a NaN and becomes quiet. Both ways out of 16 bits are exact.
 */
public final class FloatFormats {

    private static final int INFINITY = 0x7f80_0000;

    private FloatFormats() {
    }

    /** Decodes all that remains of {@code stored}, F64 (rounded to nearest), F32, F16 or BF16 in its byte order. */
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
            default -> throw new IllegalArgumentException(dtype + " holds no floats");
        }
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
