package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.weights.DType;

/**
 * Attention of a block of queries, all heads at once, of one image or all queries of a few, as oneDNN primitives:
 *
 * <pre>
 *     K, V                                [images, heads, keys, d]       where they stand, or brought together
 *     W = exp(Q Kᵀ / √d)                  [images, heads, queries, keys] product, exp in its epilogue
 *     s = W 1                             [images, heads, queries]       product
 *     y = (W V) / s                       [images, queries, heads · d]   product, division, copy
 * </pre>
 *
 * Softmax stays the same when a row's scores are shifted by a constant. The usual shift, by the row's maximum, keeps exp
 * within range and costs a pass over float32 scores. It is left out: as long as scores are within ±69 no weight is
 * infinite or too small to count, and whether they were the sums show. If not, or with a mask, the block is done with
 * the shift, by a softmax primitive.
 */
final class AttentionBlock implements AutoCloseable {

    /** About e^±69: between them no weight has overflowed, and the largest is e^18 above the smallest normal float. */
    private static final float SMALLEST_SUM = 1e-30f;
    private static final float LARGEST_SUM = 1e30f;

    private static final int MASK = Primitive.postOpSlot(1);

    private final CpuDevice device;
    private final DType type;
    private final Shape shape;
    private final int heads;
    private final int images;
    private final int queries;
    private final int keys;
    private final int d;
    private final dnnl_memory_desc keysLayout;
    private final dnnl_memory_desc valuesLayout;
    private final Primitive packKeys;
    private final Primitive packValues;
    private final Primitive weigh;
    private final Primitive sum;
    private final Primitive mix;
    private final Primitive divide;
    private final Primitive store;
    private Workspace placed;
    private long keysAddress;
    private FloatBuffer sums;
    private Shifted shifted;

    /** Memory of the arena that blocks use, one after the other. */
    record Workspace(long packedKeys, long packedValues, long weights, long sums, long mixed, long scratch) {
    }

    /**
     * What all blocks of a call have in common.
     *
     * @param tokens   queries of a whole image
     * @param queryRow elements between two rows of Q; keyRow and valueRow likewise
     * @param chosen   whether each image chooses its keys and values, so that those of a block have to be brought together
     */
    record Shape(int heads, int d, int tokens, int keys, long queryRow, long keyRow, long valueRow, boolean chosen) {

        /** Elements between two rows of weights, so that each begins on a vector. */
        int paddedKeys() {
            return (keys + 31) / 32 * 32;
        }
    }

    /**
     * @param images as many as have all their queries in the block; 1 if it has a part of them
     * @param like   a block of as many images, whose layouts of keys and values to share, or null
     */
    AttentionBlock(CpuDevice device, Shape shape, int images, int queries, AttentionBlock like) {
        this.device = device;
        this.type = device.dtype();
        this.shape = shape;
        this.heads = shape.heads;
        this.images = images;
        this.queries = queries;
        this.keys = shape.keys;
        this.d = shape.d;
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc weights = weights(descriptors);
            dnnl_post_ops exp = scaled(descriptors);
            check(dnnl_post_ops_append_eltwise(exp, dnnl_eltwise_exp, 0, 0), "append_eltwise");
            dnnl_primitive_desc product = product(descriptors, queries(descriptors),
                    right(descriptors, true, like == null ? null : like.keysLayout), weights, exp);
            keysLayout = Descriptors.copyOf(dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0));
            weigh = primitive(product).operand(DNNL_ARG_SRC, queries(descriptors))
                    .operand(DNNL_ARG_WEIGHTS, keysLayout).operand(DNNL_ARG_DST, weights);

            dnnl_memory_desc rows = descriptors.strided(type, new long[] {rows(), keys},
                    new long[] {shape.paddedKeys(), 1});
            dnnl_memory_desc ones = descriptors.dense(type, keys, 1);
            dnnl_memory_desc sumOfRow = descriptors.dense(DType.F32, rows(), 1);
            sum = primitive(product(descriptors, rows, ones, sumOfRow, descriptors.postOps()))
                    .operand(DNNL_ARG_SRC, rows).operand(DNNL_ARG_WEIGHTS, ones).operand(DNNL_ARG_DST, sumOfRow);

            dnnl_memory_desc mixed = descriptors.dense(DType.F32, images, heads, queries, d);
            product = product(descriptors, weights,
                    right(descriptors, false, like == null ? null : like.valuesLayout), mixed,
                    descriptors.postOps());
            valuesLayout = Descriptors.copyOf(dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0));
            mix = primitive(product).operand(DNNL_ARG_SRC, weights).operand(DNNL_ARG_WEIGHTS, valuesLayout)
                    .operand(DNNL_ARG_DST, mixed);

            dnnl_memory_desc mixedRows = descriptors.dense(DType.F32, rows(), d);
            var division = new dnnl_primitive_desc();
            check(dnnl_binary_primitive_desc_create(division, device.oneDnn().engine(), dnnl_binary_div, mixedRows,
                    sumOfRow, mixedRows, descriptors.attributes(descriptors.postOps())), "attention division");
            divide = primitive(division).operand(DNNL_ARG_SRC_0, mixedRows).operand(DNNL_ARG_SRC_1, sumOfRow)
                    .operand(DNNL_ARG_DST, mixedRows);

            store = reorder(descriptors, mixed, tokens(descriptors, images, queries, shape.tokens, (long) heads * d));
            packKeys = shape.chosen ? packing(descriptors, keysLayout, true) : null;
            packValues = shape.chosen ? packing(descriptors, valuesLayout, false) : null;
        }
    }

    private long rows() {
        return (long) images * heads * queries;
    }

    /** Heads of token rows as [images, heads, count, d]. */
    private dnnl_memory_desc tokens(Descriptors descriptors, int images, int count, int ofImage, long row) {
        return descriptors.strided(type, new long[] {images, heads, count, d}, new long[] {ofImage * row, d, row, 1});
    }

    /** Keys or values as a second factor: where they stand, or in a layout to be brought together in. */
    private dnnl_memory_desc right(Descriptors descriptors, boolean isKeys, dnnl_memory_desc like) {
        if (!shape.chosen) {
            return standing(descriptors, images, isKeys);
        }
        return like != null ? like : isKeys ? descriptors.any(type, images, heads, d, keys)
                : descriptors.any(type, images, heads, keys, d);
    }

    private dnnl_memory_desc standing(Descriptors descriptors, int count, boolean isKeys) {
        long row = isKeys ? shape.keyRow : shape.valueRow;
        return isKeys
                ? descriptors.strided(type, new long[] {count, heads, d, keys}, new long[] {keys * row, d, 1, row})
                : descriptors.strided(type, new long[] {count, heads, keys, d}, new long[] {keys * row, d, row, 1});
    }

    /** What copies one image's keys or values into its part of the layout that products want them in. */
    private Primitive packing(Descriptors descriptors, dnnl_memory_desc layout, boolean isKeys) {
        var part = new dnnl_memory_desc();
        long[] dims = isKeys ? new long[] {1, heads, d, keys} : new long[] {1, heads, keys, d};
        check(dnnl_memory_desc_create_submemory(part, layout, dims, new long[4]), "submemory");
        try {
            return reorder(descriptors, standing(descriptors, 1, isKeys), part);
        } finally {
            dnnl_memory_desc_destroy(part);
        }
    }

    private dnnl_memory_desc queries(Descriptors descriptors) {
        return tokens(descriptors, images, queries, shape.tokens, shape.queryRow);
    }

    private dnnl_memory_desc weights(Descriptors descriptors) {
        long row = shape.paddedKeys();
        return descriptors.strided(type, new long[] {images, heads, queries, keys},
                new long[] {heads * queries * row, queries * row, row, 1});
    }

    private dnnl_post_ops scaled(Descriptors descriptors) {
        dnnl_post_ops postOps = descriptors.postOps();
        check(dnnl_post_ops_append_eltwise(postOps, dnnl_eltwise_linear, (float) (1 / Math.sqrt(d)), 0),
                "append_eltwise");
        return postOps;
    }

    private dnnl_primitive_desc product(Descriptors descriptors, dnnl_memory_desc left, dnnl_memory_desc right,
                                        dnnl_memory_desc result, dnnl_post_ops postOps) {
        var descriptor = new dnnl_primitive_desc();
        check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), left, right, null, result,
                descriptors.attributes(postOps)), "attention product");
        return descriptor;
    }

    private Primitive primitive(dnnl_primitive_desc descriptor) {
        return new Primitive(device.oneDnn(), "attention", descriptor);
    }

    /** A copy from one layout to another. */
    private Primitive reorder(Descriptors descriptors, dnnl_memory_desc from, dnnl_memory_desc to) {
        var descriptor = new dnnl_primitive_desc();
        check(dnnl_reorder_primitive_desc_create(descriptor, from, device.oneDnn().engine(), to,
                device.oneDnn().engine(), descriptors.attributes(descriptors.postOps())), "attention reorder");
        return primitive(descriptor).operand(DNNL_ARG_FROM, from).operand(DNNL_ARG_TO, to);
    }

    /** Bytes of the keys of all its images, if they have to be brought together; else 1. */
    long packedKeyBytes() {
        return shape.chosen ? dnnl_memory_desc_get_size(keysLayout) : 1;
    }

    /** The same of values. */
    long packedValueBytes() {
        return shape.chosen ? dnnl_memory_desc_get_size(valuesLayout) : 1;
    }

    /** Bytes of scratch memory that a {@link Workspace} must have. */
    long scratchBytes() {
        return primitives().stream().mapToLong(Primitive::scratchpadBytes).max().orElse(0);
    }

    private List<Primitive> primitives() {
        return shape.chosen ? List.of(packKeys, packValues, weigh, sum, mix, divide, store)
                : List.of(weigh, sum, mix, divide, store);
    }

    /** Takes what is the same for every block; {@code ones} are as many as there are keys. */
    void place(Workspace workspace, long ones) {
        primitives().forEach(primitive -> primitive.placeScratchpad(workspace.scratch));
        weigh.place(DNNL_ARG_DST, workspace.weights);
        sum.place(DNNL_ARG_SRC, workspace.weights);
        sum.place(DNNL_ARG_WEIGHTS, ones);
        sum.place(DNNL_ARG_DST, workspace.sums);
        mix.place(DNNL_ARG_SRC, workspace.weights);
        mix.place(DNNL_ARG_DST, workspace.mixed);
        divide.place(DNNL_ARG_SRC_0, workspace.mixed);
        divide.place(DNNL_ARG_SRC_1, workspace.sums);
        divide.place(DNNL_ARG_DST, workspace.mixed);
        store.place(DNNL_ARG_FROM, workspace.mixed);
        sums = NativeMemory.buffer(workspace.sums, rows() * DType.F32.bytes()).asFloatBuffer();
        placed = workspace;
        if (shifted != null) {
            shifted.place();
        }
    }

    /** Whether it is for so many images. */
    boolean holds(int count) {
        return images == count;
    }

    /** Takes the keys and values, at these addresses, of image {@code index} of the block; all of them, from 0 on. */
    void take(int index, long k, long v) {
        if (!shape.chosen) {
            if (index == 0) {
                useKeysAndValues(k, v);
            }
            return;
        }
        packKeys.place(DNNL_ARG_FROM, k);
        packKeys.place(DNNL_ARG_TO, placed.packedKeys + packedKeyBytes() / images * index);
        packKeys.run();
        packValues.place(DNNL_ARG_FROM, v);
        packValues.place(DNNL_ARG_TO, placed.packedValues + packedValueBytes() / images * index);
        packValues.run();
        useKeysAndValues(placed.packedKeys, placed.packedValues);
    }

    private void useKeysAndValues(long k, long v) {
        keysAddress = k;
        weigh.place(DNNL_ARG_WEIGHTS, k);
        mix.place(DNNL_ARG_WEIGHTS, v);
    }

    /**
     * Computes a block of the images whose keys and values were taken last.
     *
     * @param q    address of its first row
     * @param y    address of its first row of output
     * @param mask address of [queries, keys] float32 to be added to the scores of every head, or 0
     */
    void run(long q, long y, long mask) {
        if (mask == 0) {
            weigh.place(DNNL_ARG_SRC, q);
            weigh.run();
            sum.run();
        }
        if (mask == 0 && sumsAreSound()) {
            mix.run();
            divide.run();
        } else {
            if (shifted == null) {
                shifted = new Shifted(mask != 0);
                shifted.place();
            }
            shifted.weigh(q, mask);
            mix.run();
        }
        store.place(DNNL_ARG_TO, y);
        store.run();
    }

    private boolean sumsAreSound() {
        for (int i = 0; i < sums.capacity(); i++) {
            float value = sums.get(i);
            if (!(value > SMALLEST_SUM && value < LARGEST_SUM)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        primitives().forEach(Primitive::close);
        dnnl_memory_desc_destroy(keysLayout);
        dnnl_memory_desc_destroy(valuesLayout);
        if (shifted != null) {
            shifted.close();
        }
    }

    /** The weights by way of float32 scores and a softmax primitive; made when first needed, with memory of its own. */
    private final class Shifted implements AutoCloseable {

        private final boolean masked;
        private final Primitive score;
        private final Primitive softmax;
        private final NativeMemory scores;
        private final NativeMemory scratch;

        Shifted(boolean masked) {
            this.masked = masked;
            scores = NativeMemory.allocate(rows() * keys * DType.F32.bytes());
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc scoresDesc = descriptors.dense(DType.F32, images, heads, queries, keys);
                dnnl_memory_desc maskDesc = descriptors.dense(DType.F32, 1, 1, queries, keys);
                dnnl_post_ops postOps = scaled(descriptors);
                if (masked) {
                    check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, maskDesc), "append_binary");
                }
                score = primitive(product(descriptors, queries(descriptors), keysLayout, scoresDesc, postOps))
                        .operand(DNNL_ARG_SRC, queries(descriptors)).operand(DNNL_ARG_WEIGHTS, keysLayout)
                        .operand(DNNL_ARG_DST, scoresDesc);
                if (masked) {
                    score.operand(MASK, maskDesc);
                }
                var descriptor = new dnnl_primitive_desc();
                check(dnnl_softmax_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, dnnl_softmax_accurate, scoresDesc, weights(descriptors), 3,
                        descriptors.attributes(descriptors.postOps())), "attention softmax");
                softmax = primitive(descriptor).operand(DNNL_ARG_SRC, scoresDesc)
                        .operand(DNNL_ARG_DST, weights(descriptors));
            }
            scratch = NativeMemory.allocate(Math.max(score.scratchpadBytes(), softmax.scratchpadBytes()));
            score.placeScratchpad(scratch.address());
            score.place(DNNL_ARG_DST, scores.address());
            softmax.placeScratchpad(scratch.address());
            softmax.place(DNNL_ARG_SRC, scores.address());
        }

        void place() {
            softmax.place(DNNL_ARG_DST, placed.weights);
        }

        void weigh(long q, long mask) {
            score.place(DNNL_ARG_SRC, q);
            score.place(DNNL_ARG_WEIGHTS, keysAddress);
            if (masked) {
                score.place(MASK, mask);
            }
            score.run();
            softmax.run();
        }

        @Override
        public void close() {
            score.close();
            softmax.close();
            scores.close();
            scratch.close();
        }
    }
}
