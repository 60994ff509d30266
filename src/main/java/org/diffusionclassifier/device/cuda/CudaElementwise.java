package org.diffusionclassifier.device.cuda;

import java.util.Locale;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.tensor.DType;

/** The operations of {@code elementwise.cu}. */
final class CudaElementwise {

    private CudaElementwise() {
    }

    static Tensor activation(CudaDevice device, Activation function, Tensor x) {
        Tensor y = device.activations(x.shape());
        device.add(device.launch(function.name().toLowerCase(Locale.ROOT), x.elements())
                .in(x).out(y).with(Math.toIntExact(x.elements())));
        return y;
    }

    static Tensor product(CudaDevice device, Tensor a, Tensor b) {
        Tensor y = device.activations(a.shape());
        device.add(device.launch("product", a.elements()).in(a).in(b).out(y).with(Math.toIntExact(a.elements())));
        return y;
    }

    /** @param shape of the result */
    static Tensor gather(CudaDevice device, Tensor x, Tensor index, int[] shape) {
        Tensor y = device.activations(shape);
        int rows = x.rows() / x.dim(0);
        KernelFacts kernel = device.gpu().kernel("gather_rows");
        device.add(device.launch(kernel, kernel.grid(kernel.blocks((long) rows * x.width()), index.dim(0)))
                .in(x).with(x.rowStride()).in(index).out(y).with(rows, x.width()));
        return y;
    }

    /** @param shape of the result */
    static Tensor swapAxes(CudaDevice device, Tensor x, int[] shape) {
        Tensor y = device.activations(x.type(), shape);
        int elements = Math.toIntExact(x.elements());
        device.add(device.launch(x.type() == DType.F32 ? "swap_axes_f32" : "swap_axes_f16", elements)
                .in(x).out(y).with(elements, x.dim(1), x.dim(2), x.dim(3)));
        return y;
    }

    static Tensor affine(CudaDevice device, Tensor x, double shift, double factor) {
        Tensor y = device.activations(DType.F32, x.shape());
        int elements = Math.toIntExact(x.elements());
        device.add(device.launch(x.type() == DType.F32 ? "affine_f32" : "affine_f16", elements)
                .in(x).with(x.rowStride(), shift, factor).out(y).with(elements, x.width()));
        return y;
    }
}
