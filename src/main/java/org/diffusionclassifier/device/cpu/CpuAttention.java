package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/**
 * Attention as two matrix products and a softmax, over blocks of queries so that the scores stay small. The products
 * take each head where it stands in the token rows, by strides alone.
 */
final class CpuAttention implements Attention {

    /** Queries a block: scores of 128 queries and 4096 keys are 2 MiB a head. */
    private static final int QUERY_BLOCK = 128;

    private final CpuDevice device;
    private final Spec spec;
    private final Map<List<Integer>, Tensor> causalMasks = new HashMap<>();

    CpuAttention(CpuDevice device, Spec spec) {
        this.device = device;
        this.spec = spec;
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        spec.require(q, k, v);
        Tensor keys = entry == null ? k : device.gather(k, entry);
        Tensor values = entry == null ? v : device.gather(v, entry);
        Tensor y = device.activations(q.dim(0), q.dim(1), spec.width());
        // A block of queries is a range of rows of every image: it keeps the row numbering of the whole, so blocks are
        // views by offset that differ from their neighbours in length alone.
        for (int from = 0; from < q.dim(1); from += QUERY_BLOCK) {
            int count = Math.min(QUERY_BLOCK, q.dim(1) - from);
            record(q, from, count, keys, values, y);
        }
        return y;
    }

    private void record(Tensor q, int from, int count, Tensor k, Tensor v, Tensor y) {
        int batch = q.dim(0);
        int heads = spec.heads();
        long d = spec.headWidth();
        Tensor scores = device.activations(DType.F32, batch, heads, count, k.dim(1));
        Tensor weights = device.dtype() == DType.F32 ? scores : device.activations(scores.shape());
        String shape = batch + "x" + heads + "x" + count + "x" + k.dim(1) + "x" + d;
        long flops = 2L * batch * heads * count * k.dim(1) * d;
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc qDesc = queries(descriptors, q, count);
            dnnl_memory_desc kDesc = descriptors.headsTransposed(k, heads);
            dnnl_memory_desc vDesc = descriptors.heads(v, heads);
            dnnl_memory_desc yDesc = queries(descriptors, y, count);
            dnnl_memory_desc scoresDesc = descriptors.dense(DType.F32, batch, heads, count, k.dim(1));
            dnnl_memory_desc weightsDesc = descriptors.dense(device.dtype(), batch, heads, count, k.dim(1));
            dnnl_memory_desc maskDesc = descriptors.dense(DType.F32, 1, 1, count, k.dim(1));

            dnnl_post_ops scaled = descriptors.postOps();
            check(dnnl_post_ops_append_eltwise(scaled, dnnl_eltwise_linear, (float) (1 / Math.sqrt(d)), 0),
                    "append_eltwise");
            if (spec.causal()) {
                check(dnnl_post_ops_append_binary(scaled, dnnl_binary_add, maskDesc), "append_binary");
            }
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), qDesc, kDesc, null, scoresDesc,
                    descriptors.attributes(scaled)), "attention scores");
            DnnlOp product = DnnlOp.of(device.oneDnn(), "attention scores " + shape, flops, descriptor)
                    .reads(DNNL_ARG_SRC, qDesc, block(q, from))
                    .reads(DNNL_ARG_WEIGHTS, kDesc, k)
                    .writes(DNNL_ARG_DST, scoresDesc, scores);
            if (spec.causal()) {
                product.reads(DnnlOp.postOpSlot(1), maskDesc, causalMasks.computeIfAbsent(
                        List.of(from, count, k.dim(1)), key -> causalMask(from, count, k.dim(1))));
            }
            device.add(product);

            descriptor = new dnnl_primitive_desc();
            check(dnnl_softmax_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                    dnnl_forward_inference, dnnl_softmax_accurate, scoresDesc, weightsDesc, 3,
                    descriptors.attributes(descriptors.postOps())), "softmax");
            device.add(DnnlOp.of(device.oneDnn(), "attention softmax " + shape, 0, descriptor)
                    .reads(DNNL_ARG_SRC, scoresDesc, scores)
                    .writes(DNNL_ARG_DST, weightsDesc, weights));

            descriptor = new dnnl_primitive_desc();
            check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), weightsDesc, vDesc, null,
                    yDesc, descriptors.attributes(descriptors.postOps())), "attention values");
            device.add(DnnlOp.of(device.oneDnn(), "attention values " + shape, flops, descriptor)
                    .reads(DNNL_ARG_SRC, weightsDesc, weights)
                    .reads(DNNL_ARG_WEIGHTS, vDesc, v)
                    .writes(DNNL_ARG_DST, yDesc, block(y, from)));
        }
    }

    /** The heads of {@code count} consecutive rows of every image: [B, heads, count, d]. */
    private dnnl_memory_desc queries(Descriptors descriptors, Tensor rows, int count) {
        long d = spec.headWidth();
        long row = rows.rowStride();
        return descriptors.strided(rows.type(), new long[] {rows.dim(0), spec.heads(), count, d},
                new long[] {rows.dim(1) * row, d, row, 1});
    }

    /** The tensor from row {@code from} of its first image on; only its address and storage are used. */
    private static Tensor block(Tensor rows, int from) {
        return from == 0 ? rows : rows.reshape(rows.rows(), rows.width()).slice(from, rows.rows() - from);
    }

    /** [count, keys]: 0 where query {@code from + i} sees key j, −∞ where j comes after it. */
    private Tensor causalMask(int from, int count, int keys) {
        float[] mask = new float[count * keys];
        for (int i = 0; i < count; i++) {
            for (int j = from + i + 1; j < keys; j++) {
                mask[i * keys + j] = Float.NEGATIVE_INFINITY;
            }
        }
        Tensor tensor = device.tensor(DType.F32, count, keys);
        device.write(tensor, mask);
        return tensor;
    }

    @Override
    public void close() {
        causalMasks.values().forEach(device::release);
    }
}
