package org.diffusionclassifier.tensor;

/**
 * Element types of a safetensors file, under the format's own names. Stored little-endian. Those narrower than a byte,
 * complex numbers and {@link #OTHER} are only listed: nothing reads them.
 */
public enum DType {
    F64(64), F32(32), F16(16), BF16(16), F8_E4M3(8), F8_E5M2(8), I64(64), I32(32), I16(16), I8(8), U64(64), U32(32),
    U16(16), U8(8), BOOL(8), C64(64), F8_E8M0(8), F6_E2M3(6), F6_E3M2(6), F4(4),

    /** A type that this program does not know, nor its width. */
    OTHER(0);

    private final int bits;

    DType(int bits) {
        this.bits = bits;
    }

    /** The type of this name in a file's header, or {@link #OTHER}. */
    public static DType named(String name) {
        for (DType known : values()) {
            if (known.name().equals(name)) {
                return known;
            }
        }
        return OTHER;
    }

    /** Bytes of one element; 0 of a type that is narrower or not known. */
    public int bytes() {
        return bits / Byte.SIZE;
    }

    /** Bits of one element; 0 of {@link #OTHER}. */
    public int bits() {
        return bits;
    }

    /** Whether its elements are floating-point numbers that {@link FloatFormats} decodes. */
    public boolean isFloat() {
        return switch (this) {
            case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 -> true;
            default -> false;
        };
    }
}
