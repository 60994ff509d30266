package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;

/** Adaptive layer norm and gated sums, by {@code adaln.cu}. */
final class CudaAdaptive {

    /** An image's scale and shift are read once a warp: a third of its reads. */
    private static final int ROWS_A_WARP = 4;
    private static final int COLUMNS_A_THREAD = 8;

    private CudaAdaptive() {
    }

    static Tensor norm(CudaDevice device, Tensor x, Tensor shift, Tensor scale, float epsilon) {
        if (shift.rowStride() != scale.rowStride()) {
            throw new IllegalArgumentException("adaptive norm by " + shift + " and " + scale);
        }
        int rows = x.dim(1);
        Tensor y = device.activations(x.shape());
        boolean vectors = (x.width() | scale.rowStride()) % COLUMNS_A_THREAD == 0;
        KernelFacts kernel = CudaNorms.narrowest(device, "adaptive_norm", vectors ? x.width() : Integer.MAX_VALUE);
        int blocks = (kernel.blocks(rows) + ROWS_A_WARP - 1) / ROWS_A_WARP;
        device.add(device.launch(kernel, kernel.grid(blocks, x.dim(0)))
                .in(x).in(shift).in(scale).with(scale.rowStride(), epsilon).out(y).with(rows, x.width()));
        return y;
    }

    static Tensor gatedSum(CudaDevice device, Tensor x, Tensor gate, Tensor z) {
        Tensor y = device.activations(x.shape());
        int image = Math.multiplyExact(x.dim(1), x.width());
        boolean vectors = (x.width() | gate.rowStride()) % COLUMNS_A_THREAD == 0;
        KernelFacts kernel = device.gpu().kernel(vectors ? "gated_sum" : "gated_sum_any");
        device.add(device.launch(kernel, kernel.grid(kernel.blocks(image), x.dim(0)))
                .in(x).in(gate).with(gate.rowStride()).in(z).out(y).with(x.dim(1), x.width()));
        return y;
    }
}
