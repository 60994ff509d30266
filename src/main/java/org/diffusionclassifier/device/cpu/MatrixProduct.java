package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.device.cpu.dnnl.Primitive;

/**
 * y = act(x W + b) ∘ z over the rows of x, where ∘ is + or × and z has y's shape: the one matrix product that linear
 * layers and 1×1 convolutions are made of.
 */
final class MatrixProduct {

    /** What happens to the product last. */
    enum Then {
        NOTHING(dnnl_binary_add),
        ADD(dnnl_binary_add),
        MULTIPLY(dnnl_binary_mul);

        private final int algorithm;

        Then(int algorithm) {
            this.algorithm = algorithm;
        }
    }

    private final CpuDevice device;
    private final PackedWeights weights;
    private final Tensor bias;
    private final Activation activation;

    /**
     * @param weights stay the caller's
     * @param bias    [1, out] float32, or null; stays the caller's
     */
    MatrixProduct(CpuDevice device, PackedWeights weights, Tensor bias, Activation activation) {
        this.device = device;
        this.weights = weights;
        this.bias = bias;
        this.activation = activation;
    }

    /** Records the product into {@code y}; x, y and z are taken by their rows. */
    void record(Tensor x, Tensor y, Then then, Tensor z) {
        try (var descriptors = new Descriptors()) {
            dnnl_post_ops postOps = descriptors.postOps();
            Descriptors.append(postOps, activation);
            int last = dnnl_post_ops_len(postOps);
            dnnl_memory_desc zDesc = null;
            if (then != Then.NOTHING) {
                zDesc = descriptors.matrix(z);
                check(dnnl_post_ops_append_binary(postOps, then.algorithm, zDesc), "append_binary");
            }
            dnnl_memory_desc xDesc = descriptors.matrix(x);
            dnnl_memory_desc yDesc = descriptors.matrix(y);
            dnnl_memory_desc biasDesc = bias == null ? null : descriptors.dense(bias.type(), 1, bias.width());
            String name = "matmul " + x.rows() + "x" + x.width() + "x" + y.width();
            var descriptor = new dnnl_primitive_desc();
            check(dnnl_matmul_primitive_desc_create(descriptor, device.oneDnn().engine(), xDesc,
                    weights.wanted(descriptors), biasDesc, yDesc, descriptors.attributes(postOps)), name);
            weights.settle(dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0));
            DnnlOp op = DnnlOp.of(device.oneDnn(), name, 2L * x.rows() * x.width() * y.width(), descriptor)
                    .reads(DNNL_ARG_SRC, xDesc, x)
                    .reads(DNNL_ARG_WEIGHTS, weights.layout(), weights.operand())
                    .writes(DNNL_ARG_DST, yDesc, y);
            if (bias != null) {
                op.reads(DNNL_ARG_BIAS, biasDesc, bias);
            }
            if (zDesc != null) {
                op.reads(Primitive.postOpSlot(last), zDesc, z);
            }
            device.add(op);
        }
    }
}
