package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.tensor.DType;

/**
 * Attention by {@code attention.cu}: no scores in memory, keys and values chosen by index where they are. One launch,
 * or, where queries and heads are too few to fill the card, one that splits the keys among blocks and
 * {@code attention_merge.cu} behind it.
 */
final class CudaAttention implements Attention {

    private static final int WIDEST = 160;
    /** The autoencoder's single head. */
    private static final int WIDE_HEAD = 512;
    private static final int MERGE_BLOCK = 256;
    /** Columns of a row of partial results behind the head's own, of which two are used: whole sectors. */
    private static final int SOFTMAX_STATE = 8;

    private final CudaDevice device;
    private final Spec spec;
    private final Tile tile;

    /** @throws IllegalArgumentException for a head width that no kernel is made for */
    CudaAttention(CudaDevice device, Spec spec) {
        int d = spec.headWidth();
        if ((d % 8 != 0 || d > WIDEST) && d != WIDE_HEAD) {
            throw new IllegalArgumentException("attention heads of " + d + " columns: the kernels take multiples of 8 "
                    + "up to " + WIDEST + ", and " + WIDE_HEAD);
        }
        this.device = device;
        this.spec = spec;
        this.tile = Tile.of(d);
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        spec.require(q, k, v);
        int d = spec.headWidth();
        int batch = q.dim(0);
        int queries = q.dim(1);
        int keys = k.dim(1);
        int rows = Math.multiplyExact(batch * queries, spec.heads());
        int queryTiles = tile.queryTiles(queries);
        int splits = spec.causal() ? 1
                : tile.splits(queryTiles * spec.heads() * batch, keys, device.gpu().multiprocessors());
        float scale = (float) (1 / Math.sqrt(d));
        Tensor y = device.activations(batch, queries, spec.width());
        Tensor partial = splits == 1 ? null : device.activations(DType.F32, splits, rows, d + SOFTMAX_STATE);
        device.add(new KernelOp(device.gpu(), "attention_d" + d,
                new Geometry(queryTiles, spec.heads(), batch * splits, tile.block, tile.sharedBytes),
                4L * rows * keys * d)
                .in(q).with(q.rowStride())
                .in(k).with(k.rowStride(), keys * k.rowStride())
                .in(v).with(v.rowStride(), keys * v.rowStride())
                .in(entry)
                .out(splits == 1 ? y : null).with(y.rowStride())
                .out(partial).with(splits, queries, keys, scale, spec.causal()));
        if (splits > 1) {
            device.add(new KernelOp(device.gpu(), "attention_merge",
                    Geometry.of(Geometry.ceilDiv(rows * (d / 8L), MERGE_BLOCK), 1, MERGE_BLOCK), 0)
                    .in(partial).with(splits)
                    .out(y).with(y.rowStride(), rows, spec.heads(), d, scale));
        }
        return y;
    }

    /**
     * What {@code AttentionTile} and {@code WideTile} of the kernels say.
     *
     * @param queries     of a block
     * @param keys        that it takes at once
     * @param block       threads
     * @param sharedBytes dynamic shared memory of a block
     * @param resident    blocks that a multiprocessor holds
     */
    private record Tile(int queries, int keys, int block, int sharedBytes, int resident) {

        /** What a split costs beyond its keys, in tiles: the launch that merges, and its reading and writing. */
        private static final int MERGE_TILES = 4;
        private static final int MOST_SPLITS = 4;

        static Tile of(int d) {
            if (d == WIDE_HEAD) {
                return new Tile(32, 16, 256, 0, 1);
            }
            int queries = d <= 128 || d % 16 == 0 ? 128 : 64;
            int keys = d <= 80 ? 64 : 32;
            return new Tile(queries, keys, 128, 2 * d * (queries + 2 * 2 * keys), 2);
        }

        int queryTiles(int queries) {
            return Math.toIntExact(Geometry.ceilDiv(queries, this.queries));
        }

        /**
         * Into how many parts to split the keys: the fewest that take the least time, if a tile of keys takes one unit
         * of it and blocks run in waves of as many as the card holds.
         */
        int splits(int blocks, int keys, int multiprocessors) {
            int tiles = Math.toIntExact(Geometry.ceilDiv(keys, this.keys));
            int best = 1;
            long leastTime = Long.MAX_VALUE;
            for (int wanted = 1; wanted <= Math.min(MOST_SPLITS, tiles); wanted++) {
                long tilesEach = Geometry.ceilDiv(tiles, wanted);
                int splits = Math.toIntExact(Geometry.ceilDiv(tiles, tilesEach));       // none of them empty
                long waves = Geometry.ceilDiv((long) blocks * splits, (long) resident * multiprocessors);
                long time = waves * tilesEach + (splits > 1 ? MERGE_TILES : 0);
                if (time < leastTime) {
                    leastTime = time;
                    best = splits;
                }
            }
            return best;
        }
    }
}
