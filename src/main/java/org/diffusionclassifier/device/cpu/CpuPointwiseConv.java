package org.diffusionclassifier.device.cpu;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.MatrixProduct.Then;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * A 1×1 convolution, which on channels-last maps is a matrix product over the pixels. A second input is a second
 * product added to the first, so that the concatenation is never made.
 */
final class CpuPointwiseConv implements Conv2d {

    private final CpuDevice device;
    private final Spec spec;
    private final LayerWeights weights;
    private final Tensor bias;
    private final MatrixProduct product;
    private final MatrixProduct skipProduct;

    CpuPointwiseConv(CpuDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        int in = spec.in() + spec.concat();
        weights = LayerWeights.filters(device, source, spec.out(), in, 1);
        PackedWeights first = weights.matrix(0, spec.in(), spec.out(), in);
        PackedWeights second = spec.concat() == 0 ? null : weights.matrix(spec.in(), spec.concat(), spec.out(), in);
        weights.load();
        this.bias = device.parameters("bias", spec.out(), source);
        product = new MatrixProduct(device, first, bias, Activation.NONE);
        skipProduct = second == null ? null : new MatrixProduct(device, second, null, Activation.NONE);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        int[] shape = spec.outputShape(x, skip, addend);
        Tensor y = output(shape);
        product.record(x, y, addend == null ? Then.NOTHING : Then.ADD, addend);
        if (skip == null) {
            return y;
        }
        Tensor sum = output(shape);
        skipProduct.record(skip, sum, Then.ADD, y);
        return sum;
    }

    private Tensor output(int[] shape) {
        return device.activations(spec.floatOutput() ? DType.F32 : device.dtype(), shape);
    }

    @Override
    public void close() {
        weights.close();
        device.release(bias);
    }
}
