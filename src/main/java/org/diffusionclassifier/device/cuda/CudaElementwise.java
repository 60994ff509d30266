package org.diffusionclassifier.device.cuda;

import java.util.Locale;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.tensor.DType;

/** The operations of {@code elementwise.cu}. */
final class CudaElementwise {

    private static final int BLOCK = 256;
    private static final int ELEMENTS_A_BLOCK = 2048;

    private CudaElementwise() {
    }

    static Tensor activation(CudaDevice device, Activation function, Tensor x) {
        if (!x.isDense() || function == Activation.NONE || function == Activation.GEGLU) {
            throw new IllegalArgumentException(function + " of " + x);
        }
        Tensor y = device.activations(x.shape());
        device.add(new KernelOp(device.gpu(), function.name().toLowerCase(Locale.ROOT),
                Geometry.of(Geometry.ceilDiv(x.elements(), ELEMENTS_A_BLOCK), 1, BLOCK), 0)
                .in(x).out(y).with(Math.toIntExact(x.elements())));
        return y;
    }

    static Tensor gather(CudaDevice device, Tensor x, Tensor index) {
        if (x.type() != DType.F16) {
            throw new IllegalArgumentException("gather of " + x);
        }
        int[] shape = x.shape();
        shape[0] = index.dim(0);
        Tensor y = device.activations(shape);
        int rows = x.rows() / x.dim(0);
        device.add(new KernelOp(device.gpu(), "gather_rows",
                Geometry.of(Geometry.ceilDiv((long) rows * x.width(), ELEMENTS_A_BLOCK), index.dim(0), BLOCK), 0)
                .in(x).with(x.rowStride()).in(index).out(y).with(rows, x.width()));
        return y;
    }

    /** @param shape of the result */
    static Tensor swapAxes(CudaDevice device, Tensor x, int[] shape) {
        Tensor y = device.activations(x.type(), shape);
        int elements = Math.toIntExact(x.elements());
        device.add(new KernelOp(device.gpu(), x.type() == DType.F32 ? "swap_axes_f32" : "swap_axes_f16",
                Geometry.of(Geometry.ceilDiv(elements, BLOCK), 1, BLOCK), 0)
                .in(x).out(y).with(elements, x.dim(1), x.dim(2), x.dim(3)));
        return y;
    }

    static Tensor affine(CudaDevice device, Tensor x, double shift, double factor) {
        Tensor y = device.activations(DType.F32, x.shape());
        int elements = Math.toIntExact(x.elements());
        device.add(new KernelOp(device.gpu(), x.type() == DType.F32 ? "affine_f32" : "affine_f16",
                Geometry.of(Geometry.ceilDiv(elements, BLOCK), 1, BLOCK), 0)
                .in(x).with(x.rowStride(), shift, factor).out(y).with(elements, x.width()));
        return y;
    }
}
