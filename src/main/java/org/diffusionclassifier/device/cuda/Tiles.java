package org.diffusionclassifier.device.cuda;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;

/**
 * The tiles of {@code gemm.cu} and {@code conv.cu}, by the endings of their kernels' names, and which of them computes
 * a product soonest. Their sizes are those of the kernels, by {@link KernelCatalog}; what is here is what they cost.
 *
 * <p>A product [M, N] over K takes as long as the multiprocessor with most to do: its number of blocks, times the work
 * of one. Large tiles read least and keep the tensor cores busiest; small ones, or a sum over K split among several
 * blocks, spread a small product over more multiprocessors. No figure here was measured: speeds are the bounds that
 * {@code gemm.cu} argues from its instructions, costs follow from the card's data sheet ({@link CardRates}).
 */
enum Tiles {

    T256X160(1, 0.91),
    T128X160(2, 0.89),
    /** For gated products: what a warp of theirs writes, half of its 64 columns, is whole sectors; half of 80 is not. */
    T128X256(1, 0.89),
    T128X128(2, 0.88),
    T64X64(5, 0.66),
    /** For a handful of columns: the last convolution's. */
    T128X16(6, 0.25),
    /** For a handful of rows: one a trial, of the timestep's layers. */
    T16X64(10, 0.25),
    /** Any number of input columns, those of 64×64 otherwise; all others want multiples of 8. */
    ANY(5, 0.3);

    /** Columns of both factors that a block multiplies at a time. */
    static final int DEPTH = T64X64.facts.tile(2);

    /** What a product of inputs whose rows are no multiple of 8 can be computed by. */
    static final Set<Tiles> ANY_WIDTH = EnumSet.of(ANY);
    static final Set<Tiles> NONE = EnumSet.noneOf(Tiles.class);

    private static final int MOST_SPLITS = 16;
    /** Tiles of depth that a split has at least: below, filling the ring of buffers takes longer than using it. */
    private static final int FEWEST_TILES = 4;
    /** Bytes of partial sums, which the activations have to make room for. */
    private static final long MOST_WORKSPACE = 64L << 20;

    /**
     * What a block does before and after its products takes as long as this many tiles of depth where tensor cores do
     * {@link #ENDS_AT} FLOP a clock, an A100's: a latency, which is more tiles the faster these are.
     */
    private static final int OVERLAPPED_ENDS = 4;
    private static final int LONE_ENDS = 8;
    private static final double ENDS_AT = 2048;

    /** Of one of the kernels with this tile: it is the same in all of them. */
    private final KernelFacts facts;
    private final int blocksByRegisters;
    private final double speed;

    /**
     * @param blocksByRegisters blocks that the registers of a multiprocessor allow
     * @param speed             of the products, as a part of what the tensor cores could do
     */
    Tiles(int blocksByRegisters, double speed) {
        this.facts = KernelCatalog.packaged().first(kernel -> kernel.kernel().endsWith(suffix())
                && (kernel.family().equals("gemm") || kernel.family().equals("conv3x3")));
        this.blocksByRegisters = blocksByRegisters;
        this.speed = speed;
    }

    /** Tiles that kernels are made for, but for {@link #ANY}; of {@code gemm_partial}, say. */
    static Set<Tiles> of(KernelCatalog kernels, String family) {
        Set<Tiles> tiles = EnumSet.allOf(Tiles.class);
        tiles.removeIf(tile -> tile == ANY || kernels.find(family + tile.suffix()).isEmpty());
        return tiles;
    }

    /**
     * How a product is launched.
     *
     * @param splits     blocks that share the sum over K of one tile; with more than one, partial sums are stored
     * @param splitTiles tiles of depth that each of them takes
     */
    record Plan(Tiles tile, int splits, int splitTiles) {

        Geometry geometry(long m, int n) {
            return geometry(1, m, n);
        }

        /** Of so many products in one launch, [m / parts, n] each. */
        Geometry geometry(int parts, long m, int n) {
            return tile.facts.grid(Math.toIntExact(parts * tile.blocks(m / parts, n)), splits);
        }

        /** {@code gemm} → {@code gemm_128x160}. */
        String kernel(String family) {
            return family + (splits > 1 ? "_partial" : "") + tile.suffix();
        }
    }

    /**
     * The plan for a product [m, n].
     *
     * @param parts  products [m / parts, n] that it consists of, which tiles do not reach across
     * @param depth  tiles of DEPTH columns that are summed
     * @param whole  tiles that the family of kernels has
     * @param partial tiles whose kernels can store partial sums
     */
    static Plan choose(GpuProperties card, int parts, long m, int n, int depth, Set<Tiles> whole, Set<Tiles> partial) {
        Plan best = null;
        double least = Double.POSITIVE_INFINITY;
        for (Tiles tile : values()) {
            for (int splits = 1; splits <= MOST_SPLITS; splits++) {
                int splitTiles = (int) Geometry.ceilDiv(depth, splits);
                boolean known = splits == 1 ? whole.contains(tile) : partial.contains(tile);
                if (!known || (splits > 1 && splitTiles < FEWEST_TILES)) {
                    continue;
                }
                Plan plan = plan(tile, depth, splits);
                if (plan.splits > 1 && workspace(plan, m, n) > MOST_WORKSPACE) {
                    continue;
                }
                double cost = tile.cost(card, parts, m, n, plan);
                if (cost < least) {
                    least = cost;
                    best = plan;
                }
            }
        }
        return best;
    }

    /** A plan with this tile, wherever it is soonest; for checks of every kernel. */
    static Plan plan(Tiles tile, int depth, int splits) {
        int splitTiles = (int) Geometry.ceilDiv(depth, splits);
        return new Plan(tile, (int) Geometry.ceilDiv(depth, splitTiles), splitTiles);
    }

    /** Seconds of the multiprocessor with most to do, and of putting partial sums together. */
    private double cost(GpuProperties card, int parts, long m, int n, Plan plan) {
        CardRates rates = CardRates.of(card);
        long busiest = Geometry.ceilDiv(parts * blocks(m / parts, n) * plan.splits, card.multiprocessors());
        int fit = Math.min(blocksByRegisters, card.sharedBytes() / (facts.sharedBytes() + 1024));
        boolean overlapped = Math.min(busiest, fit) * facts.threads() >= 256;
        double ends = (overlapped ? OVERLAPPED_ENDS : LONE_ENDS) * rates.flopsAClock() / ENDS_AT;
        double flops = 2.0 * rows() * columns() * DEPTH * (plan.splitTiles + ends) / speed;
        double seconds = busiest * flops / rates.flopsPerSecond();
        return plan.splits == 1 ? seconds : seconds + rates.mergeSeconds(workspace(plan, m, n));
    }

    /** Bytes of a split product's partial sums. */
    private static long workspace(Plan plan, long m, int n) {
        return Float.BYTES * plan.splits * m * n;
    }

    int rows() {
        return facts.tile(0);
    }

    private int columns() {
        return facts.tile(1);
    }

    /** Of the kernels' names: {@code _128x160}, {@code _any}. */
    String suffix() {
        return "_" + (name().equals("ANY") ? "any" : name().substring(1).toLowerCase(Locale.ROOT));
    }

    /** Elements of the tiles that cover a product [m, n]. */
    double covered(long m, int n) {
        return (double) blocks(m, n) * rows() * columns();
    }

    private long blocks(long m, int n) {
        return Geometry.ceilDiv(m, rows()) * Geometry.ceilDiv(n, columns());
    }
}
