package org.diffusionclassifier.device.cuda;

import java.util.Set;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;

/**
 * The tiles of {@code gemm.cu} and {@code conv.cu}, by the endings of their kernels' names, and which of them computes
 * a product soonest. The table is that of {@code mainloop.cuh}.
 *
 * <p>A product [M, N] over K takes as long as the multiprocessor with most to do: its number of blocks, times the work
 * of one. Large tiles read least and keep the tensor cores busiest; small ones, or a sum over K split among several
 * blocks, spread a small product over more multiprocessors. No figure here was measured: speeds are the bounds that
 * {@code gemm.cu} argues from its instructions, costs are those of an A100's data sheet.
 */
enum Tiles {

    T256X160(256, 160, 256, 79872, 1, 0.91),
    T128X160(128, 160, 128, 55296, 2, 0.89),
    /** For gated products: what a warp of theirs writes, half of its 64 columns, is whole sectors; half of 80 is not. */
    T128X256(128, 256, 256, 73728, 1, 0.89),
    T128X128(128, 128, 128, 49152, 2, 0.88),
    T64X64(64, 64, 128, 32768, 5, 0.66),
    /** For a handful of columns: the last convolution's. */
    T128X16(128, 16, 128, 36864, 6, 0.25),
    /** For a handful of rows: one a trial, of the timestep's layers. */
    T16X64(16, 64, 128, 30720, 10, 0.25),
    /** Any number of input columns, those of 64×64 otherwise; all others want multiples of 8. */
    ANY(64, 64, 128, 32768, 5, 0.3);

    /** Columns of both factors that a block multiplies at a time. */
    static final int DEPTH = 32;

    private static final int MOST_SPLITS = 16;
    /** Tiles of depth that a split has at least: below, filling the ring of buffers takes longer than using it. */
    private static final int FEWEST_TILES = 4;

    // In multiplications of one number by DEPTH others on one multiprocessor: 1/45 ns on an A100.
    /** What a block does before and after its products takes as long as this many tiles of depth, overlapped or not. */
    private static final int OVERLAPPED_ENDS = 4;
    private static final int LONE_ENDS = 8;
    /** Launching a kernel, 3 µs. */
    private static final double LAUNCH = 1.3e5;
    /** A byte of partial sums, if there were one multiprocessor: 3 from an A100's memory, less from its L2 cache. */
    private static final double WORKSPACE_BYTE = 2;

    private final int rows;
    private final int columns;
    private final int threads;
    private final int sharedBytes;
    private final int blocksByRegisters;
    private final double speed;

    Tiles(int rows, int columns, int threads, int sharedBytes, int blocksByRegisters, double speed) {
        this.rows = rows;
        this.columns = columns;
        this.threads = threads;
        this.sharedBytes = sharedBytes;
        this.blocksByRegisters = blocksByRegisters;
        this.speed = speed;
    }

    /** What decides between tiles: a card's multiprocessors, and the shared memory of each in bytes. */
    record Multiprocessors(int count, int sharedBytes) {
    }

    /**
     * How a product is launched.
     *
     * @param splits     blocks that share the sum over K of one tile; with more than one, partial sums are stored
     * @param splitTiles tiles of depth that each of them takes
     */
    record Plan(Tiles tile, int splits, int splitTiles) {

        Geometry geometry(long m, int n) {
            return new Geometry(Math.toIntExact(tile.blocks(m, n)), splits, 1, tile.threads, tile.sharedBytes);
        }

        /** {@code gemm} → {@code gemm_128x160}. */
        String kernel(String family) {
            return family + (splits > 1 ? "_partial" : "") + tile.suffix();
        }
    }

    /**
     * The plan for a product [m, n].
     *
     * @param depth  tiles of DEPTH columns that are summed
     * @param whole  tiles that the family of kernels has
     * @param partial tiles whose kernels can store partial sums
     */
    static Plan choose(Multiprocessors card, long m, int n, int depth, Set<Tiles> whole, Set<Tiles> partial) {
        Plan best = null;
        double least = Double.POSITIVE_INFINITY;
        for (Tiles tile : values()) {
            for (int splits = 1; splits <= MOST_SPLITS; splits++) {
                int splitTiles = (int) Geometry.ceilDiv(depth, splits);
                boolean known = splits == 1 ? whole.contains(tile) : partial.contains(tile);
                if (!known || (splits > 1 && splitTiles < FEWEST_TILES)) {
                    continue;
                }
                var plan = new Plan(tile, (int) Geometry.ceilDiv(depth, splitTiles), splitTiles);
                double cost = tile.cost(card, m, n, plan);
                if (cost < least) {
                    least = cost;
                    best = plan;
                }
            }
        }
        return best;
    }

    private double cost(Multiprocessors card, long m, int n, Plan plan) {
        long busiest = Geometry.ceilDiv(blocks(m, n) * plan.splits, card.count);
        int fit = Math.min(blocksByRegisters, card.sharedBytes / (sharedBytes + 1024));
        boolean overlapped = Math.min(busiest, fit) * threads >= 256;
        int ends = overlapped ? OVERLAPPED_ENDS : LONE_ENDS;
        double work = (double) rows * columns * (plan.splitTiles + ends) / speed;
        double cost = busiest * work;
        if (plan.splits > 1) {
            double bytes = 8.0 * plan.splits * m * n;
            cost += LAUNCH + bytes * WORKSPACE_BYTE / card.count;
        }
        return cost;
    }

    int rows() {
        return rows;
    }

    private String suffix() {
        return this == ANY ? "_any" : "_" + rows + "x" + columns;
    }

    /** Elements of the tiles that cover a product [m, n]. */
    double covered(long m, int n) {
        return (double) blocks(m, n) * rows * columns;
    }

    private long blocks(long m, int n) {
        return Geometry.ceilDiv(m, rows) * Geometry.ceilDiv(n, columns);
    }
}
