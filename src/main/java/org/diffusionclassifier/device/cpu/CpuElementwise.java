package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;

/** Functions of single elements, and of pairs of these, by oneDNN's primitives. */
final class CpuElementwise {

    private CpuElementwise() {
    }

    /** Records {@link org.diffusionclassifier.device.Device#activation}. */
    static Tensor activation(CpuDevice device, Activation function, Tensor x) {
        Tensor y = device.activations(x.shape());
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc desc = descriptors.matrix(x);
            var descriptor = new dnnl_primitive_desc();
            String name = function + " " + x;
            check(dnnl_eltwise_forward_primitive_desc_create(descriptor, device.oneDnn().engine(), dnnl_forward_inference,
                    Descriptors.algorithm(function), desc, desc, Descriptors.alpha(function), 0,
                    descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC, desc, x)
                    .writes(DNNL_ARG_DST, desc, y));
        }
        return y;
    }

    /** Records {@link org.diffusionclassifier.device.Device#product}. */
    static Tensor product(CpuDevice device, Tensor a, Tensor b) {
        Tensor y = device.activations(a.shape());
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc desc = descriptors.matrix(a);
            var descriptor = new dnnl_primitive_desc();
            String name = "product " + a;
            check(dnnl_binary_primitive_desc_create(descriptor, device.oneDnn().engine(), dnnl_binary_mul, desc, desc, desc,
                    descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC_0, desc, a)
                    .reads(DNNL_ARG_SRC_1, desc, b)
                    .writes(DNNL_ARG_DST, desc, y));
        }
        return y;
    }
}
