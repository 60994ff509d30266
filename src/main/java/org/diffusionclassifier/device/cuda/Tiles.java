package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.cuda.KernelOp.Geometry;

/** The tile configurations of {@code gemm.cu} and {@code conv.cu}, by the endings of their kernels' names. */
enum Tiles {

    LARGE("", 128, 49152),
    /** For products that would not fill the card with large tiles. */
    SMALL("_small", 64, 32768),
    /** Any number of input columns; the others want multiples of 8. */
    ANY("_any", 64, 32768);

    private static final int BLOCK = 128;

    private final String suffix;
    private final int size;
    private final int sharedBytes;

    Tiles(String suffix, int size, int sharedBytes) {
        this.suffix = suffix;
        this.size = size;
        this.sharedBytes = sharedBytes;
    }

    /**
     * The configuration for a product [m, n].
     *
     * @param vectors whether the input's rows can be read eight halves at a time
     */
    static Tiles choose(Gpu gpu, long m, int n, boolean vectors) {
        if (!vectors) {
            return ANY;
        }
        return n > SMALL.size && LARGE.blocks(m, n) >= gpu.multiprocessors() ? LARGE : SMALL;
    }

    String suffix() {
        return suffix;
    }

    Geometry geometry(long m, int n) {
        return new Geometry(Math.toIntExact(blocks(m, n)), 1, 1, BLOCK, sharedBytes);
    }

    private long blocks(long m, int n) {
        return Geometry.ceilDiv(m, size) * Geometry.ceilDiv(n, size);
    }
}
