package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/** The partial sums of a product whose sum over K several blocks share, and their finish by {@code splitk.cu}. */
final class SplitSums {

    private static final int COLUMNS_A_THREAD = 8;

    private final CudaDevice device;
    private final Tensor sums;
    private final int columns;

    SplitSums(CudaDevice device, Tiles.Plan plan, int m, int n) {
        this.device = device;
        this.columns = (n + COLUMNS_A_THREAD - 1) / COLUMNS_A_THREAD * COLUMNS_A_THREAD;
        this.sums = device.activations(DType.F32, plan.splits(), m, columns);
    }

    /** The tensor [splits, m, n rounded up to whole vectors]. */
    Tensor tensor() {
        return sums;
    }

    /**
     * Records y = act(Σ partial sums + bias + addend of the row's image) + residual.
     *
     * @param imageAddend [images, n], or null
     * @param imageRows   rows of y an image
     * @param residual    as y, or null
     */
    void finish(Tensor bias, Tensor imageAddend, int imageRows, Tensor residual, Activation activation, Tensor y) {
        int m = sums.dim(1);
        device.add(device.launch("splitk_finish", (long) m * columns)
                .in(sums).with(sums.dim(0), columns)
                .in(bias)
                .in(imageAddend).with(imageAddend == null ? 0 : imageAddend.rowStride(), imageRows)
                .in(residual).with(residual == null ? 0 : residual.rowStride())
                .out(y).with(y.rowStride(), m, y.width(), Gemm.index(activation)));
    }
}
