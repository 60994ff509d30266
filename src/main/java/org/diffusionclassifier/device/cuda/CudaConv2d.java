package org.diffusionclassifier.device.cuda;

import java.util.Arrays;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.Weights;

/** A 3×3 convolution as one launch of {@code conv.cu}; doubling is an index shift in its loader. */
final class CudaConv2d implements Conv2d {

    private final CudaDevice device;
    private final Spec spec;
    private final Tensor filters;
    private final Tensor bias;

    CudaConv2d(CudaDevice device, Spec spec, Weights source) {
        this.device = device;
        this.spec = spec;
        float[] values = CudaDevice.floats("weight", new Weights[] {source}, spec.out(), spec.in(), 3, 3);
        this.filters = KernelWeights.filters(device, values, spec.out(), spec.in(), 3);
        this.bias = device.parameters("bias", spec.out(), source);
    }

    @Override
    public Tensor forward(Tensor x, Tensor skip, Tensor addend) {
        int[] shape = {x.dim(0), spec.outputSize(x.dim(1)), spec.outputSize(x.dim(2)), spec.out()};
        boolean residual = addend != null && Arrays.equals(addend.shape(), shape);
        boolean perImage = addend != null && Arrays.equals(addend.shape(), new int[] {shape[0], spec.out()});
        if (skip != null || x.rank() != 4 || x.width() != spec.in() || !x.isDense() || shape[1] < 1 || shape[2] < 1
                || (addend != null && !residual && !perImage)) {
            throw new IllegalArgumentException("conv2d " + spec + " of " + x + ", " + skip + " and " + addend);
        }
        Tensor y = device.activations(spec.floatOutput() ? DType.F32 : DType.F16, shape);
        Tiles tiles = Tiles.choose(device.gpu(), y.rows(), spec.out(), spec.in() % 8 == 0);
        String kernel = (spec.floatOutput() ? "conv3x3_f32out" : "conv3x3") + tiles.suffix();
        device.add(new KernelOp(device.gpu(), kernel, tiles.geometry(y.rows(), spec.out()),
                2L * y.elements() * spec.in() * 9)
                .in(x).with(x.dim(0), x.dim(1), x.dim(2), spec.in())
                .in(filters).with(filters.width())
                .in(bias)
                .in(residual ? addend : null)
                .in(perImage ? addend : null)
                .out(y).with(shape[1], shape[2], spec.out(), spec.stride(),
                        spec.padding() == Padding.SYMMETRIC ? 1 : 0, spec.upsample()));
        return y;
    }

    Spec spec() {
        return spec;
    }

    /** [out, 3, 3, in], the last padded with zeros to a multiple of 8. */
    Tensor filters() {
        return filters;
    }

    /** [out] float32. */
    Tensor bias() {
        return bias;
    }

    @Override
    public void close() {
        device.release(filters);
        device.release(bias);
    }
}
