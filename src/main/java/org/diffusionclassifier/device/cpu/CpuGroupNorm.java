package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.javacpp.PointerPointer;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.tensor.Weights;

/** Group normalisation: two inputs are laid side by side in the output, and normalised there by {@link GroupNormOp}. */
final class CpuGroupNorm implements GroupNorm {

    private final CpuDevice device;
    private final Spec spec;
    private final float[] gamma;
    private final Tensor beta;

    CpuGroupNorm(CpuDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.gamma = source.floats("weight", spec.channels());
        this.beta = device.parameters("bias", spec.channels(), source);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip) {
        Tensor y = device.activations(spec.outputShape(x, skip));
        if (skip != null) {
            recordSideBySide(x, skip, y);
        }
        device.add(new GroupNormOp(device, spec, gamma, beta, skip == null ? x : y, y));
        return y;
    }

    private void recordSideBySide(Tensor x, Tensor skip, Tensor y) {
        try (var descriptors = new Descriptors(); var inputs = new PointerPointer<dnnl_memory_desc>(2);
                var descriptor = new PointerPointer<dnnl_primitive_desc>(1)) {
            dnnl_memory_desc xDesc = descriptors.matrix(x);
            dnnl_memory_desc skipDesc = descriptors.matrix(skip);
            dnnl_memory_desc yDesc = descriptors.matrix(y);
            inputs.put(0, xDesc).put(1, skipDesc);
            check(dnnl_concat_primitive_desc_create(descriptor, device.oneDnn().engine(), yDesc, 2, 1, inputs,
                    descriptors.attributes(descriptors.postOps())), "concat");
            device.add(DnnlOp.of(device.oneDnn(), "concat " + x + " " + skip, 0,
                            descriptor.get(dnnl_primitive_desc.class, 0))
                    .reads(DNNL_ARG_MULTIPLE_SRC, xDesc, x)
                    .reads(DNNL_ARG_MULTIPLE_SRC + 1, skipDesc, skip)
                    .writes(DNNL_ARG_DST, yDesc, y));
        }
    }

    @Override
    public void close() {
        device.release(beta);
    }
}
