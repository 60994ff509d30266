package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.Weights;

/** A 1×1 convolution: a matrix product over the pixels, its second input a second base pointer. */
final class CudaPointwiseConv implements Conv2d {

    private final CudaDevice device;
    private final Spec spec;
    private final Gemm gemm;

    CudaPointwiseConv(CudaDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        int in = spec.in() + spec.concat();
        float[] values = CudaDevice.filters(source, spec.out(), in, 1);
        Tensor weights = KernelWeights.sideBySide(device, values, spec.out(), spec.in(), spec.concat());
        gemm = new Gemm(device, weights, device.parameters("bias", spec.out(), source), Activation.NONE);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        boolean fits = x.isDense() && x.width() == spec.in() && (skip == null ? 0 : skip.width()) == spec.concat();
        if (!fits || (addend != null && addend.elements() != (long) x.rows() * spec.out())) {
            throw new IllegalArgumentException("conv2d " + spec + " of " + x + ", " + skip + " and " + addend);
        }
        int[] shape = x.shape();
        shape[shape.length - 1] = spec.out();
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : DType.F16, shape);
        gemm.record(x, skip, addend, y);
        return y;
    }

    @Override
    public void close() {
        gemm.close();
    }
}
