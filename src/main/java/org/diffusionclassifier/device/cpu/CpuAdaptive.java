package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/**
 * What a diffusion transformer does by image: adaptive layer norm and gated sums. Each is a product with a row, an image
 * at a time, since oneDNN is fast where one row serves all, and sums behind it in the same pass.
 */
final class CpuAdaptive {

    private CpuAdaptive() {
    }

    /** Records {@link org.diffusionclassifier.device.Device#adaptiveNorm}. */
    static Tensor norm(CpuDevice device, Tensor x, Tensor shift, Tensor scale, float epsilon) {
        Tensor normed = device.activations(x.shape());
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc desc = descriptors.matrix(x);
            var descriptor = new dnnl_primitive_desc();
            String name = "adaptive norm " + x;
            check(dnnl_layer_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                    dnnl_forward_inference, desc, desc, descriptors.dense(DType.F32, x.rows()), epsilon, 0,
                    descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC, desc, x)
                    .writes(DNNL_ARG_DST, desc, normed));
        }
        Tensor y = device.activations(x.shape());
        for (int image = 0; image < x.dim(0); image++) {
            record(device, image, normed, scale, normed, shift, y);
        }
        return y;
    }

    /** Records {@link org.diffusionclassifier.device.Device#gatedSum}. */
    static Tensor gatedSum(CpuDevice device, Tensor x, Tensor gate, Tensor z) {
        Tensor y = device.activations(x.shape());
        for (int image = 0; image < x.dim(0); image++) {
            record(device, image, z, gate, x, null, y);
        }
        return y;
    }

    /**
     * Of one image, y = z · factor + addend + row; the last null for none.
     *
     * @param factor [B, C], as row; all others [B, L, C]
     */
    private static void record(CpuDevice device, int image, Tensor z, Tensor factor, Tensor addend, Tensor row,
                               Tensor y) {
        Tensor source = z.slice(image, 1);
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc map = descriptors.matrix(source);
            dnnl_memory_desc factorDesc = descriptors.matrix(factor.slice(image, 1));
            dnnl_post_ops postOps = descriptors.postOps();
            check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, map), "append_binary");
            if (row != null) {
                check(dnnl_post_ops_append_binary(postOps, dnnl_binary_add, descriptors.matrix(row.slice(image, 1))),
                        "append_binary");
            }
            var descriptor = new dnnl_primitive_desc();
            String name = "scale by image " + source;
            check(dnnl_binary_primitive_desc_create(descriptor, device.oneDnn().engine(), dnnl_binary_mul, map,
                    factorDesc, map, descriptors.attributes(postOps)), name);
            DnnlOp op = DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC_0, map, source)
                    .reads(DNNL_ARG_SRC_1, factorDesc, factor.slice(image, 1))
                    .reads(DnnlOp.postOpSlot(0), map, addend.slice(image, 1));
            if (row != null) {
                op.reads(DnnlOp.postOpSlot(1), descriptors.matrix(row.slice(image, 1)), row.slice(image, 1));
            }
            device.add(op.writes(DNNL_ARG_DST, map, y.slice(image, 1)));
        }
    }
}
