package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.NativeMemory;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;

/**
 * Attention of a block of queries, of some heads at once, of one image or all queries of a few, as oneDNN primitives:
 *
 * <pre>
 *     W = exp(Q Kᵀ / √d)       [images, heads, queries, keys]    product, exp in its epilogue
 *     s = W 1                  [images, queries, heads]          product
 *     u = W V                  [images, queries, heads, d]       product, float32; where y is that it is y
 *     y = u / s                [images, queries, heads · d]      division; where y is bfloat16 or has more heads, a copy
 * </pre>
 *
 * Products write to where rows of heads stand side by side, so that nothing is rearranged. oneDNN divides fast only
 * within one type, hence the conversion.
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

    private final CpuDevice device;
    private final DType type;
    private final Shape shape;
    private final int heads;
    private final int images;
    private final int queries;
    private final int keys;
    private final int d;
    private final Primitive weigh;
    private final Primitive sum;
    private final Primitive mix;
    private final Primitive divide;
    /** From float32, and to rows that have other heads, too; null where u is y. */
    private final Primitive narrow;
    private Workspace placed;
    private long keysAddress;
    private FloatBuffer sums;
    private Shifted shifted;

    /**
     * Memory that blocks use, one after the other.
     *
     * @param weights rows of {@link Shape#paddedKeys}, finite behind the keys; only these are written
     */
    record Workspace(long weights, long sums, long mixed, long scratch) {
    }

    /**
     * What all blocks of a call have in common.
     *
     * @param heads    of a block
     * @param tokens   queries of a whole image
     * @param queryRow elements between two rows of Q; keyRow, valueRow and resultRow likewise
     */
    record Shape(int heads, int d, int tokens, int keys, long queryRow, long keyRow, long valueRow, long resultRow) {

        /** Elements from one row of weights to the next, so that each begins on a vector. Those between are finite. */
        int paddedKeys() {
            return paddedKeys(keys);
        }

        static int paddedKeys(int keys) {
            return (keys + 31) / 32 * 32;
        }
    }

    /** @param images as many as have all their queries in the block; 1 if it has a part of them */
    AttentionBlock(CpuDevice device, Shape shape, int images, int queries) {
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
            weigh = product(descriptors, queries(descriptors), keys(descriptors), weights, exp);
            dnnl_memory_desc ones = descriptors.dense(type, 1, 1, keys, 1);
            dnnl_memory_desc sums = descriptors.strided(DType.F32, new long[] {images, heads, queries, 1},
                    new long[] {(long) queries * heads, 1, heads, 1});
            sum = product(descriptors, weights, ones, sums, descriptors.postOps());
            dnnl_memory_desc values = descriptors.strided(type, new long[] {images, heads, keys, d},
                    new long[] {keys * shape.valueRow, d, shape.valueRow, 1});
            dnnl_memory_desc mixed = tokens(descriptors, DType.F32, queries, (long) heads * d);
            mix = product(descriptors, weights, values, mixed, descriptors.postOps());

            dnnl_memory_desc u = descriptors.dense(DType.F32, rows(), d);
            dnnl_memory_desc s = descriptors.dense(DType.F32, rows(), 1);
            var division = new dnnl_primitive_desc();
            check(dnnl_binary_primitive_desc_create(division, device.oneDnn().engine(), dnnl_binary_div, u, s, u,
                    descriptors.attributes(descriptors.postOps())), "attention division");
            divide = primitive(division).operand(DNNL_ARG_SRC_0, u).operand(DNNL_ARG_SRC_1, s)
                    .operand(DNNL_ARG_DST, u);
            long width = (long) heads * d;
            narrow = type == DType.F32 && shape.resultRow == width ? null
                    : conversion(descriptors, descriptors.dense(DType.F32, images * (long) queries, width),
                            descriptors.strided(type, new long[] {images * (long) queries, width},
                                    new long[] {shape.resultRow, 1}));
        }
    }

    private long rows() {
        return (long) images * heads * queries;
    }

    /** Heads of token rows as [images, heads, queries, d]. */
    private dnnl_memory_desc tokens(Descriptors descriptors, DType of, int ofImage, long row) {
        return descriptors.strided(of, new long[] {images, heads, queries, d}, new long[] {ofImage * row, d, row, 1});
    }

    private dnnl_memory_desc queries(Descriptors descriptors) {
        return tokens(descriptors, type, shape.tokens, shape.queryRow);
    }

    /** As a second factor: transposed. */
    private dnnl_memory_desc keys(Descriptors descriptors) {
        return descriptors.strided(type, new long[] {images, heads, d, keys},
                new long[] {keys * shape.keyRow, d, 1, shape.keyRow});
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

    private Primitive product(Descriptors descriptors, dnnl_memory_desc left, dnnl_memory_desc right,
                              dnnl_memory_desc result, dnnl_post_ops postOps) {
        var descriptor = new dnnl_primitive_desc();
        check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), left, right, null, result,
                descriptors.attributes(postOps)), "attention product");
        return primitive(descriptor).operand(DNNL_ARG_SRC, left).operand(DNNL_ARG_WEIGHTS, right)
                .operand(DNNL_ARG_DST, result);
    }

    private Primitive primitive(dnnl_primitive_desc descriptor) {
        return new Primitive(device.oneDnn(), "attention", descriptor);
    }

    /** A copy from one type to another. */
    private Primitive conversion(Descriptors descriptors, dnnl_memory_desc from, dnnl_memory_desc to) {
        var descriptor = new dnnl_primitive_desc();
        check(dnnl_reorder_primitive_desc_create(descriptor, from, device.oneDnn().engine(), to,
                device.oneDnn().engine(), descriptors.attributes(descriptors.postOps())), "attention conversion");
        return primitive(descriptor).operand(DNNL_ARG_FROM, from).operand(DNNL_ARG_TO, to);
    }

    /** Bytes of u that a {@link Workspace} must have, where it is not y. */
    long mixedBytes() {
        return narrow == null ? 0 : rows() * d * DType.F32.bytes();
    }

    /** Bytes of scratch memory that a {@link Workspace} must have. */
    long scratchBytes() {
        return primitives().stream().mapToLong(Primitive::scratchpadBytes).max().orElse(0);
    }

    private List<Primitive> primitives() {
        return narrow == null ? List.of(weigh, sum, mix, divide) : List.of(weigh, sum, mix, divide, narrow);
    }

    /** Takes what is the same for every block; {@code ones} are as many as there are keys. */
    void place(Workspace workspace, long ones) {
        primitives().forEach(primitive -> primitive.placeScratchpad(workspace.scratch));
        weigh.place(DNNL_ARG_DST, workspace.weights);
        sum.place(DNNL_ARG_SRC, workspace.weights);
        sum.place(DNNL_ARG_WEIGHTS, ones);
        sum.place(DNNL_ARG_DST, workspace.sums);
        mix.place(DNNL_ARG_SRC, workspace.weights);
        divide.place(DNNL_ARG_SRC_1, workspace.sums);
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

    /** Takes the addresses of its images' keys and values, at the first of its heads; images follow each other. */
    void take(long k, long v) {
        keysAddress = k;
        weigh.place(DNNL_ARG_WEIGHTS, k);
        mix.place(DNNL_ARG_WEIGHTS, v);
    }

    /**
     * Computes a block of the images whose keys and values were taken last.
     *
     * @param q    address of its first row, at the first of its heads
     * @param y    address of its first row of output, likewise
     * @param mask address of [queries, keys] float32 to be added to the scores of every head, or 0
     */
    void run(long q, long y, long mask) {
        long u = narrow == null ? y : placed.mixed;
        mix.place(DNNL_ARG_DST, u);
        if (mask == 0) {
            weigh.place(DNNL_ARG_SRC, q);
            weigh.run();
            sum.run();
        }
        if (mask == 0 && sumsAreSound()) {
            mix.run();
            divide.place(DNNL_ARG_SRC_0, u);
            divide.place(DNNL_ARG_DST, u);
            divide.run();
        } else {
            if (shifted == null) {
                shifted = new Shifted(mask != 0);
                shifted.place();
            }
            shifted.weigh(q, mask);
            mix.run();
        }
        if (narrow != null) {
            narrow.place(DNNL_ARG_FROM, u);
            narrow.place(DNNL_ARG_TO, y);
            narrow.run();
        }
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
        if (shifted != null) {
            shifted.close();
        }
    }

    /** The weights by way of float32 scores and a softmax primitive; made when first needed, with memory of its own. */
    private final class Shifted implements AutoCloseable {

        private final Primitive score;
        /**
         * Adds the mask; null where there is none. As a post-operation of the product, oneDNN 3.13 computes something else
         * on processors with AMX as soon as there are two images: it mistakes an operand that all images and heads
         * share for one of another kind (mended by its pull request 6025).
         */
        private final Primitive hide;
        private final Primitive softmax;
        private final NativeMemory scores;
        private final NativeMemory scratch;

        Shifted(boolean masked) {
            scores = NativeMemory.allocate(rows() * keys * DType.F32.bytes());
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc scoresDesc = descriptors.dense(DType.F32, images, heads, queries, keys);
                score = product(descriptors, queries(descriptors), keys(descriptors), scoresDesc, scaled(descriptors));
                hide = masked ? maskSum(descriptors, scoresDesc) : null;
                var descriptor = new dnnl_primitive_desc();
                check(dnnl_softmax_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, dnnl_softmax_accurate, scoresDesc, weights(descriptors), 3,
                        descriptors.attributes(descriptors.postOps())), "attention softmax");
                softmax = primitive(descriptor).operand(DNNL_ARG_SRC, scoresDesc)
                        .operand(DNNL_ARG_DST, weights(descriptors));
            }
            scratch = NativeMemory.allocate(Math.max(hide == null ? 0 : hide.scratchpadBytes(),
                    Math.max(score.scratchpadBytes(), softmax.scratchpadBytes())));
            score.placeScratchpad(scratch.address());
            score.place(DNNL_ARG_DST, scores.address());
            if (hide != null) {
                hide.placeScratchpad(scratch.address());
                hide.place(DNNL_ARG_SRC_0, scores.address());
                hide.place(DNNL_ARG_DST, scores.address());
            }
            softmax.placeScratchpad(scratch.address());
            softmax.place(DNNL_ARG_SRC, scores.address());
        }

        private Primitive maskSum(Descriptors descriptors, dnnl_memory_desc scoresDesc) {
            dnnl_memory_desc mask = descriptors.dense(DType.F32, 1, 1, queries, keys);
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_binary_primitive_desc_create(descriptor, device.oneDnn().engine(), dnnl_binary_add, scoresDesc, mask,
                    scoresDesc, descriptors.attributes(descriptors.postOps())), "attention mask");
            return primitive(descriptor).operand(DNNL_ARG_SRC_0, scoresDesc).operand(DNNL_ARG_SRC_1, mask)
                    .operand(DNNL_ARG_DST, scoresDesc);
        }

        void place() {
            softmax.place(DNNL_ARG_DST, placed.weights);
        }

        void weigh(long q, long mask) {
            score.place(DNNL_ARG_SRC, q);
            score.place(DNNL_ARG_WEIGHTS, keysAddress);
            score.run();
            if (hide != null) {
                hide.place(DNNL_ARG_SRC_1, mask);
                hide.run();
            }
            softmax.run();
        }

        @Override
        public void close() {
            score.close();
            if (hide != null) {
                hide.close();
            }
            softmax.close();
            scores.close();
            scratch.close();
        }
    }
}
