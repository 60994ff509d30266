package org.diffusionclassifier.device.cuda;

import java.util.Set;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.KernelCatalog;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;

/**
 * y = act([x | x₁] Wᵀ + b) + residual over the rows of x: a launch of {@code gemm.cu}, which linear layers and 1×1
 * convolutions are made of; two launches if the sum over K is split.
 */
final class Gemm implements AutoCloseable {

    private final CudaDevice device;
    private final KernelWeights weights;
    private final Tensor bias;
    private final Activation activation;
    private final boolean normalized;

    /**
     * @param weights [N, padded K]; for GEGLU values and gates interleaved
     * @param bias    [1, N] float32, or null; both are released with this
     * @param normalized whether group norms follow
     */
    Gemm(CudaDevice device, KernelWeights weights, Tensor bias, Activation activation, boolean normalized) {
        this.device = device;
        this.weights = weights;
        this.bias = bias;
        this.activation = activation;
        this.normalized = normalized;
    }

    /** Records the product; x₁ and residual may be null. Returns y, with its moments if they are gathered. */
    Tensor record(Tensor x, Tensor x1, Tensor residual, Tensor y) {
        boolean vectors = (x.width() | x.rowStride()) % 8 == 0
                && (x1 == null || (x1.width() | x1.rowStride()) % 8 == 0);
        Set<Tiles> whole = Tiles.ANY_WIDTH;
        Set<Tiles> partial = Tiles.NONE;
        if (vectors && y.type() != DType.F32) {
            KernelCatalog kernels = device.gpu().kernels();
            whole = Tiles.of(kernels, family(activation));
            partial = activation == Activation.GEGLU ? Tiles.NONE : Tiles.of(kernels, "gemm_partial");
        }
        int tiles = weights.columns() / Tiles.DEPTH;
        Tiles.Plan plan = device.plan(1, x.rows(), weights.rows(), tiles, whole, partial);
        Tensor written = normalized ? y.withMoments(MapMoments.of(device, y, "gemm", 1, plan)) : y;
        record(plan, x, x1, residual, written);
        return written;
    }

    /** Records the product as {@code plan} has it; y with the tensor for its moments, if they are to be gathered. */
    void record(Tiles.Plan plan, Tensor x, Tensor x1, Tensor residual, Tensor y) {
        int m = x.rows();
        int n = weights.rows();
        int k1 = x1 == null ? 0 : x1.width();
        var op = new KernelOp(device.gpu(), device.gpu().kernel(plan.kernel(family(plan, y))), plan.geometry(m, n),
                2L * m * n * (x.width() + k1))
                .in(x).with(x.rowStride(), x.width())
                .in(x1).with(x1 == null ? 0 : x1.rowStride(), k1)
                .in(weights.operand()).with(weights.columns());
        if (plan.splits() == 1) {
            op.in(bias)
                    .in(residual).with(residual == null ? 0 : residual.rowStride())
                    .out(y).with(y.rowStride(), m, n, index(activation));
            device.add(y.moments() == null ? op : op.out(y.moments()));
            return;
        }
        var sums = new SplitSums(device, plan, m, n);
        device.add(op.with(plan.splitTiles()).out(sums.tensor()).with(sums.tensor().width(), m, n));
        sums.finish(bias, null, 1, residual, activation, y);
    }

    /** By which {@code activation.cuh} knows an activation; it has none for GEGLU. */
    static int index(Activation activation) {
        return switch (activation) {
            case NONE, GEGLU -> 0;
            case SILU -> 1;
            case GELU -> 2;
            case GELU_TANH -> 3;
            case QUICK_GELU -> 4;
        };
    }

    private String family(Tiles.Plan plan, Tensor y) {
        if (plan.splits() > 1) {
            return "gemm";
        }
        if (y.type() == DType.F32) {
            return "gemm_f32out";
        }
        if (activation == Activation.NONE && plan.tile() == Tiles.ANY) {
            return "gemm_activated";
        }
        return family(activation) + (y.moments() == null ? "" : "_moments");
    }

    /** The kernels of a product, whole sums of float16, by their names up to the tile. */
    static String family(Activation activation) {
        return switch (activation) {
            case NONE -> "gemm";
            case GEGLU -> "gemm_geglu";
            default -> "gemm_activated";
        };
    }

    @Override
    public void close() {
        weights.close();
        if (bias != null) {
            device.release(bias);
        }
    }
}
