package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;
import org.diffusionclassifier.tensor.DType;

/**
 * Attention with a bias, an image at a time, as oneDNN primitives:
 *
 * <pre>
 *     S = Q Kᵀ + bias     [heads, L, L] float32      product, sum in its epilogue
 *     W = softmax(S)      [heads, L, L]
 *     y = W V             [L, heads · d]             product
 * </pre>
 */
final class CpuBiasedAttention {

    private CpuBiasedAttention() {
    }

    /** Records {@link org.diffusionclassifier.device.Device#biasedAttention} into y. */
    static void record(CpuDevice device, Tensor q, Tensor k, Tensor v, Tensor bias, Tensor y) {
        int heads = bias.dim(0);
        int length = q.dim(1);
        Tensor scores = device.activations(DType.F32, heads, length, length);
        Tensor weights = device.activations(heads, length, length);
        for (int image = 0; image < q.dim(0); image++) {
            try (var descriptors = new Descriptors()) {
                dnnl_memory_desc scoresDesc = descriptors.dense(DType.F32, heads, length, length);
                dnnl_memory_desc weightsDesc = descriptors.dense(device.dtype(), heads, length, length);
                dnnl_post_ops sum = descriptors.postOps();
                check(dnnl_post_ops_append_binary(sum, dnnl_binary_add, scoresDesc), "append_binary");
                device.add(product(device, descriptors, heads(descriptors, q, heads), q.slice(image, 1),
                        transposed(descriptors, k, heads), k.slice(image, 1), scoresDesc, scores, sum)
                        .reads(Primitive.postOpSlot(0), scoresDesc, bias));
                var descriptor = new dnnl_primitive_desc();
                check(dnnl_softmax_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                        dnnl_forward_inference, dnnl_softmax_accurate, scoresDesc, weightsDesc, 2,
                        descriptors.attributes(descriptors.postOps())), "softmax");
                device.add(DnnlOp.of(device.oneDnn(), "softmax " + scores, 0, descriptor)
                        .reads(DNNL_ARG_SRC, scoresDesc, scores).writes(DNNL_ARG_DST, weightsDesc, weights));
                device.add(product(device, descriptors, weightsDesc, weights, heads(descriptors, v, heads),
                        v.slice(image, 1), heads(descriptors, y, heads), y.slice(image, 1), descriptors.postOps()));
            }
        }
    }

    private static DnnlOp product(CpuDevice device, Descriptors descriptors, dnnl_memory_desc leftDesc, Tensor left,
                                  dnnl_memory_desc rightDesc, Tensor right, dnnl_memory_desc resultDesc, Tensor result,
                                  dnnl_post_ops postOps) {
        var descriptor = new dnnl_primitive_desc();
        String name = "biased attention " + result;
        check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), leftDesc, rightDesc, null, resultDesc,
                descriptors.attributes(postOps)), name);
        long length = left.dim(1);
        return DnnlOp.of(device.oneDnn(), name, 2 * length * length * right.width(), descriptor)
                .reads(DNNL_ARG_SRC, leftDesc, left).reads(DNNL_ARG_WEIGHTS, rightDesc, right)
                .writes(DNNL_ARG_DST, resultDesc, result);
    }

    /** An image's tokens as [heads, L, d]. */
    private static dnnl_memory_desc heads(Descriptors descriptors, Tensor x, int heads) {
        long d = x.width() / heads;
        return descriptors.strided(x.type(), new long[] {heads, x.dim(1), d}, new long[] {d, x.rowStride(), 1});
    }

    /** The same as [heads, d, L]. */
    private static dnnl_memory_desc transposed(Descriptors descriptors, Tensor x, int heads) {
        long d = x.width() / heads;
        return descriptors.strided(x.type(), new long[] {heads, d, x.dim(1)}, new long[] {d, 1, x.rowStride()});
    }
}
