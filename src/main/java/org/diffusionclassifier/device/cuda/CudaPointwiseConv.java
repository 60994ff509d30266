package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** A 1×1 convolution: a matrix product over the pixels, its second input a second base pointer. */
final class CudaPointwiseConv implements Conv2d {

    private final CudaDevice device;
    private final Spec spec;
    private final Gemm gemm;

    CudaPointwiseConv(CudaDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        int in = spec.in() + spec.concat();
        var weights = KernelWeights.sideBySide(device, KernelWeights.filters(source, spec.out(), in, 1), spec.out(),
                spec.in(), spec.concat());
        gemm = new Gemm(device, weights, device.parameters("bias", spec.out(), source), Activation.NONE,
                spec.normalized());
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        int[] shape = spec.outputShape(x, skip, addend);
        return gemm.record(x, skip, addend, device.activations(spec.floatOutput() ? DType.F32 : device.dtype(), shape));
    }

    @Override
    public void close() {
        gemm.close();
    }
}
