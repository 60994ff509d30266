package org.diffusionclassifier.device.cuda.driver;

/**
 * Grid and block of a launch.
 *
 * @param gridX       blocks
 * @param block       threads of a block
 * @param sharedBytes dynamic shared memory of a block
 */
public record Geometry(int gridX, int gridY, int gridZ, int block, int sharedBytes) {

    public static long ceilDiv(long a, long b) {
        return (a + b - 1) / b;
    }

    /** Of the grid. */
    public long blocks() {
        return (long) gridX * gridY * gridZ;
    }
}
