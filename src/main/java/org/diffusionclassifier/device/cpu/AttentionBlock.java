package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.weights.DType;

/**
 * Attention of a block of queries of one image, all heads at once, as oneDNN primitives:
 *
 * <pre>
 *     W = exp(Q Kᵀ / √d)        [heads, queries, keys]      product, exp in its epilogue
 *     s = W 1                   [heads, queries]            product
 *     y = (W V) / s             [queries, heads · d]        product, division, copy
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
    private final int heads;
    private final int queries;
    private final int keys;
    private final int d;
    private final long queryRow;
    private final long outputRow;
    private final dnnl_memory_desc keysLayout;
    private final dnnl_memory_desc valuesLayout;
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
    record Workspace(long weights, long sums, long mixed, long scratch) {
    }

    /**
     * @param queryRow  elements between two rows of Q
     * @param like      a block whose layouts of keys and values to share, or null
     */
    AttentionBlock(CpuDevice device, Attention.Spec spec, int queries, int keys, int queryRow, AttentionBlock like) {
        this.device = device;
        this.type = device.dtype();
        this.heads = spec.heads();
        this.queries = queries;
        this.keys = keys;
        this.d = spec.headWidth();
        this.queryRow = queryRow;
        this.outputRow = spec.width();
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc weights = weights(descriptors);
            dnnl_post_ops exp = scaled(descriptors);
            check(dnnl_post_ops_append_eltwise(exp, dnnl_eltwise_exp, 0, 0), "append_eltwise");
            dnnl_primitive_desc product = product(descriptors, queries(descriptors),
                    like == null ? descriptors.any(type, heads, d, keys) : like.keysLayout, weights, exp);
            keysLayout = Descriptors.copyOf(dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0));
            weigh = primitive(product).operand(DNNL_ARG_SRC, queries(descriptors))
                    .operand(DNNL_ARG_WEIGHTS, keysLayout).operand(DNNL_ARG_DST, weights);

            dnnl_memory_desc rows = descriptors.strided(type, new long[] {(long) heads * queries, keys},
                    new long[] {paddedKeys(keys), 1});
            dnnl_memory_desc ones = descriptors.dense(type, keys, 1);
            dnnl_memory_desc sumOfRow = descriptors.dense(DType.F32, (long) heads * queries, 1);
            sum = primitive(product(descriptors, rows, ones, sumOfRow, descriptors.postOps()))
                    .operand(DNNL_ARG_SRC, rows).operand(DNNL_ARG_WEIGHTS, ones).operand(DNNL_ARG_DST, sumOfRow);

            dnnl_memory_desc mixed = descriptors.dense(DType.F32, heads, queries, d);
            product = product(descriptors, weights,
                    like == null ? descriptors.any(type, heads, keys, d) : like.valuesLayout, mixed,
                    descriptors.postOps());
            valuesLayout = Descriptors.copyOf(dnnl_primitive_desc_query_md(product, dnnl_query_weights_md, 0));
            mix = primitive(product).operand(DNNL_ARG_SRC, weights).operand(DNNL_ARG_WEIGHTS, valuesLayout)
                    .operand(DNNL_ARG_DST, mixed);

            dnnl_memory_desc mixedRows = descriptors.dense(DType.F32, (long) heads * queries, d);
            var division = new dnnl_primitive_desc();
            check(dnnl_binary_primitive_desc_create(division, device.oneDnn().engine(), dnnl_binary_div, mixedRows,
                    sumOfRow, mixedRows, descriptors.attributes(descriptors.postOps())), "attention division");
            divide = primitive(division).operand(DNNL_ARG_SRC_0, mixedRows).operand(DNNL_ARG_SRC_1, sumOfRow)
                    .operand(DNNL_ARG_DST, mixedRows);

            dnnl_memory_desc output = descriptors.strided(type, new long[] {heads, queries, d},
                    new long[] {d, outputRow, 1});
            store = reorder(descriptors, mixed, output);
        }
    }

    /** Elements between two rows of weights, so that each begins on a vector. */
    static int paddedKeys(int keys) {
        return (keys + 31) / 32 * 32;
    }

    private dnnl_memory_desc queries(Descriptors descriptors) {
        return descriptors.strided(type, new long[] {heads, queries, d}, new long[] {d, queryRow, 1});
    }

    private dnnl_memory_desc weights(Descriptors descriptors) {
        long row = paddedKeys(keys);
        return descriptors.strided(type, new long[] {heads, queries, keys}, new long[] {queries * row, row, 1});
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

    /** What copies an image's keys, rows {@code row} elements apart, into the layout that {@link #run} takes. */
    Primitive keyPacking(long row) {
        try (var descriptors = new Descriptors()) {
            return reorder(descriptors,
                    descriptors.strided(type, new long[] {heads, d, keys}, new long[] {d, 1, row}), keysLayout);
        }
    }

    /** The same for values. */
    Primitive valuePacking(long row) {
        try (var descriptors = new Descriptors()) {
            return reorder(descriptors,
                    descriptors.strided(type, new long[] {heads, keys, d}, new long[] {d, row, 1}), valuesLayout);
        }
    }

    long packedKeyBytes() {
        return dnnl_memory_desc_get_size(keysLayout);
    }

    long packedValueBytes() {
        return dnnl_memory_desc_get_size(valuesLayout);
    }

    int queries() {
        return queries;
    }

    /** Bytes of scratch memory that a {@link Workspace} must have. */
    long scratchBytes() {
        return primitives().stream().mapToLong(Primitive::scratchpadBytes).max().orElse(0);
    }

    private List<Primitive> primitives() {
        return List.of(weigh, sum, mix, divide, store);
    }

    /** Takes what is the same for every block; {@code ones} are as many as there are keys. */
    void place(Workspace workspace, long packedKeys, long packedValues, long ones) {
        primitives().forEach(primitive -> primitive.placeScratchpad(workspace.scratch));
        weigh.place(DNNL_ARG_WEIGHTS, packedKeys);
        weigh.place(DNNL_ARG_DST, workspace.weights);
        sum.place(DNNL_ARG_SRC, workspace.weights);
        sum.place(DNNL_ARG_WEIGHTS, ones);
        sum.place(DNNL_ARG_DST, workspace.sums);
        mix.place(DNNL_ARG_SRC, workspace.weights);
        mix.place(DNNL_ARG_WEIGHTS, packedValues);
        mix.place(DNNL_ARG_DST, workspace.mixed);
        divide.place(DNNL_ARG_SRC_0, workspace.mixed);
        divide.place(DNNL_ARG_SRC_1, workspace.sums);
        divide.place(DNNL_ARG_DST, workspace.mixed);
        store.place(DNNL_ARG_FROM, workspace.mixed);
        sums = NativeMemory.buffer(workspace.sums, (long) heads * queries * DType.F32.bytes()).asFloatBuffer();
        placed = workspace;
        keysAddress = packedKeys;
        if (shifted != null) {
            shifted.place();
        }
    }

    /**
     * Computes a block.
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
            scores = NativeMemory.allocate((long) heads * queries * keys * DType.F32.bytes());
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc scoresDesc = descriptors.dense(DType.F32, heads, queries, keys);
                dnnl_memory_desc maskDesc = descriptors.dense(DType.F32, 1, queries, keys);
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
                        dnnl_forward_inference, dnnl_softmax_accurate, scoresDesc, weights(descriptors), 2,
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
            score.place(DNNL_ARG_WEIGHTS, keysAddress);
            softmax.place(DNNL_ARG_DST, placed.weights);
        }

        void weigh(long q, long mask) {
            score.place(DNNL_ARG_SRC, q);
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
