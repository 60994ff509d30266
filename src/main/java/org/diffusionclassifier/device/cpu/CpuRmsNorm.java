package org.diffusionclassifier.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;
import static org.diffusionclassifier.device.cpu.dnnl.OneDnn.check;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.dnnl.Descriptors;
import org.diffusionclassifier.device.cpu.dnnl.DnnlOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** Root mean square normalisation by oneDNN's layer norm, which has a flag for it; squares are summed in float32. */
final class CpuRmsNorm implements RmsNorm {

    private final CpuDevice device;
    private final Spec spec;
    private final Tensor scale;

    CpuRmsNorm(CpuDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        this.scale = device.parameters("weight", spec.channels(), source);
    }

    @Override
    public Tensor forward(Tensor x) {
        int[] shape = spec.outputShape(x);
        // Dense: oneDNN accepts strided rows, and then reads them as if they were so.
        Tensor groups = CpuRows.dense(device, x).reshape((int) (x.elements() / spec.channels()), spec.channels());
        Tensor y = device.activations(groups.shape());
        try (var descriptors = new Descriptors()) {
            dnnl_memory_desc desc = descriptors.matrix(groups);
            dnnl_memory_desc scaleDesc = descriptors.dense(DType.F32, scale.width());
            var descriptor = new dnnl_primitive_desc();
            String name = "RMS norm " + groups;
            check(dnnl_layer_normalization_forward_primitive_desc_create(descriptor, device.oneDnn().engine(),
                    dnnl_forward_inference, desc, desc, descriptors.dense(DType.F32, groups.rows()), spec.epsilon(),
                    dnnl_use_scale | dnnl_rms_norm, descriptors.attributes(descriptors.postOps())), name);
            device.add(DnnlOp.of(device.oneDnn(), name, 0, descriptor)
                    .reads(DNNL_ARG_SRC, desc, groups)
                    .reads(DNNL_ARG_SCALE, scaleDesc, scale)
                    .writes(DNNL_ARG_DST, desc, y));
        }
        return y.reshape(shape);
    }

    @Override
    public void close() {
        device.release(scale);
    }
}
