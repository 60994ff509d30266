package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** Layer normalisation by oneDNN's primitive, statistics in float32. */
final class CpuLayerNorm implements LayerNorm {

    private final CpuDevice device;
    private final Spec spec;
    private final Tensor scale;
    private final Tensor shift;

    CpuLayerNorm(CpuDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.scale = device.parameters("weight", spec.channels(), source);
        this.shift = device.parameters("bias", spec.channels(), source);
    }

    @Override
    public Tensor forward(Tensor x) {
        // Dense: oneDNN accepts strided rows, and then reads them as if they were so.
        Tensor y = device.activations(spec.outputShape(x));
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc xDesc = descriptors.matrix(x);
            dnnl_memory_desc yDesc = descriptors.matrix(y);
            dnnl_memory_desc scaleDesc = descriptors.dense(DType.F32, scale.width());
            dnnl_memory_desc statistics = descriptors.dense(DType.F32, x.rows());
            var descriptor = new dnnl_primitive_desc();
            String name = "layer norm " + x;
            check(dnnl_layer_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                    dnnl_forward_inference, xDesc, yDesc, statistics, spec.epsilon(), dnnl_use_scale | dnnl_use_shift,
                    descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC, xDesc, x)
                    .reads(DNNL_ARG_SCALE, scaleDesc, scale)
                    .reads(DNNL_ARG_SHIFT, scaleDesc, shift)
                    .writes(DNNL_ARG_DST, yDesc, y));
        }
        return y;
    }

    @Override
    public void close() {
        device.release(scale);
        device.release(shift);
    }
}
