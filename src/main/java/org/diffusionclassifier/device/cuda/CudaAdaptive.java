package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;

/** Adaptive layer norm and gated sums, by {@code adaln.cu}. */
final class CudaAdaptive {

    private static final int NORM_BLOCK = 128;
    private static final int ROWS_A_BLOCK = 4;
    private static final int WIDEST_ROW = 2048;
    /** An image's scale and shift are read once a warp: a third of its reads. */
    private static final int ROWS_A_WARP = 4;
    private static final int SUM_BLOCK = 256;
    private static final int COLUMNS_A_THREAD = 8;

    private CudaAdaptive() {
    }

    static Tensor norm(CudaDevice device, Tensor x, Tensor shift, Tensor scale, float epsilon) {
        if (shift.rowStride() != scale.rowStride()) {
            throw new IllegalArgumentException("adaptive norm by " + shift + " and " + scale);
        }
        int rows = x.dim(1);
        Tensor y = device.activations(x.shape());
        long blocks = Geometry.ceilDiv(rows, ROWS_A_BLOCK * ROWS_A_WARP);
        device.add(new KernelOp(device.gpu(), kernel(x.width(), scale.rowStride()),
                Geometry.of(blocks, x.dim(0), NORM_BLOCK), 0)
                .in(x).in(shift).in(scale).with(scale.rowStride(), epsilon).out(y).with(rows, x.width()));
        return y;
    }

    /** The narrowest that holds a row in a warp's registers. */
    private static String kernel(int width, int stride) {
        if ((width | stride) % COLUMNS_A_THREAD != 0 || width > WIDEST_ROW) {
            return "adaptive_norm_any";
        }
        return width <= 512 ? "adaptive_norm_512" : width <= 1024 ? "adaptive_norm_1024"
                : width <= 1280 ? "adaptive_norm_1280" : "adaptive_norm";
    }

    static Tensor gatedSum(CudaDevice device, Tensor x, Tensor gate, Tensor z) {
        Tensor y = device.activations(x.shape());
        int image = Math.multiplyExact(x.dim(1), x.width());
        boolean vectors = (x.width() | gate.rowStride()) % COLUMNS_A_THREAD == 0;
        int elementsABlock = vectors ? SUM_BLOCK * COLUMNS_A_THREAD : SUM_BLOCK;
        device.add(new KernelOp(device.gpu(), vectors ? "gated_sum" : "gated_sum_any",
                Geometry.of(Geometry.ceilDiv(image, elementsABlock), x.dim(0), SUM_BLOCK), 0)
                .in(x).in(gate).with(gate.rowStride()).in(z).out(y).with(x.dim(1), x.width()));
        return y;
    }
}
