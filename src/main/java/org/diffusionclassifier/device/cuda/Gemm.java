package org.diffusionclassifier.device.cuda;

import java.util.Locale;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.DType;

/**
 * y = act([x | x₁] Wᵀ + b) + residual over the rows of x: one launch of {@code gemm.cu}, which linear layers and 1×1
 * convolutions are made of.
 */
final class Gemm implements AutoCloseable {

    private final CudaDevice device;
    private final Tensor weights;
    private final Tensor bias;
    private final Activation activation;

    /**
     * @param weights [N, padded K] float16; for GEGLU values and gates interleaved
     * @param bias    [1, N] float32, or null; both are released with this
     */
    Gemm(CudaDevice device, Tensor weights, Tensor bias, Activation activation) {
        this.device = device;
        this.weights = weights;
        this.bias = bias;
        this.activation = activation;
    }

    /** Records the launch; x₁ and residual may be null. */
    void record(Tensor x, Tensor x1, Tensor residual, Tensor y) {
        int m = x.rows();
        int n = weights.dim(0);
        int k1 = x1 == null ? 0 : x1.width();
        int ldx1 = x1 == null ? 0 : x1.rowStride();
        boolean vectors = (x.width() | x.rowStride() | k1 | ldx1) % 8 == 0;
        Tiles tiles = Tiles.choose(device.gpu(), m, n, vectors);
        String kind = y.type() == DType.F32 ? "f32out" : activation.name().toLowerCase(Locale.ROOT);
        device.add(new KernelOp(device.gpu(), "gemm_" + kind + tiles.suffix(), tiles.geometry(m, n),
                2L * m * n * (x.width() + k1))
                .in(x).with(x.rowStride(), x.width())
                .in(x1).with(ldx1, k1)
                .in(weights).with(weights.width())
                .in(bias)
                .in(residual).with(residual == null ? 0 : residual.rowStride())
                .out(y).with(y.rowStride(), m, n));
    }

    @Override
    public void close() {
        device.release(weights);
        if (bias != null) {
            device.release(bias);
        }
    }
}
