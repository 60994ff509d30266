package org.diffusionclassifier.device.cuda.vendor;

import static jcuda.jcublas.JCublas2.cublasGemmEx_new;
import static jcuda.jcublas.JCublas2.cublasSetWorkspace;

import java.util.List;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasOperation;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * y [M, N] = x [M, K] wᵀ by cuBLAS, with w [N, K]. It counts in columns, and a row-major matrix is its transpose's
 * columns: yᵀ [N, M] = w xᵀ, where w's memory is that of a [K, N] to be transposed, and x's that of xᵀ.
 */
final class GemmOp implements Op {

    /** Bytes of workspace that cuBLAS's documentation recommends, from Hopper on and before. */
    private static final long WORKSPACE = 32L << 20;
    private static final long WORKSPACE_BEFORE_HOPPER = 4L << 20;
    private static final int HOPPER = 90;

    private final VendorLayers layers;
    private final Tensor x;
    private final Tensor w;
    private final Tensor y;
    private final Workspace workspace;
    private final int yType;
    private Pointer xAt;
    private Pointer wAt;
    private Pointer yAt;
    private Pointer workspaceAt;

    /** @param y dense, float16 or float32 */
    GemmOp(VendorLayers layers, Tensor x, Tensor w, Tensor y) {
        this.layers = layers;
        this.x = x;
        this.w = w;
        this.y = y;
        this.yType = y.type() == DType.F32 ? cudaDataType.CUDA_R_32F : cudaDataType.CUDA_R_16F;
        boolean large = layers.device().computeCapability() >= HOPPER;
        this.workspace = new Workspace(layers.device().recording(), large ? WORKSPACE : WORKSPACE_BEFORE_HOPPER);
    }

    @Override
    public void bind() {
        xAt = VendorLayers.at(x.address());
        wAt = VendorLayers.at(w.address());
        yAt = VendorLayers.at(y.address());
        workspaceAt = workspace.pointer();
    }

    @Override
    public void run() {
        layers.checkBlas(cublasSetWorkspace(layers.blas(), workspaceAt, workspace.bytes()), "cublasSetWorkspace");
        // JCublas's name for cublasGemmEx as it is since cuBLAS 11; by the plain name it takes the older type codes.
        int status = cublasGemmEx_new(layers.blas(), cublasOperation.CUBLAS_OP_T, cublasOperation.CUBLAS_OP_N,
                w.dim(0), x.rows(), x.width(), VendorLayers.ONE, wAt, cudaDataType.CUDA_R_16F, w.rowStride(),
                xAt, cudaDataType.CUDA_R_16F, x.rowStride(), VendorLayers.ZERO, yAt, yType, w.dim(0),
                cublasComputeType.CUBLAS_COMPUTE_32F, cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
        if (status != 0) {
            layers.checkBlas(status, name());
        }
    }

    @Override
    public String name() {
        return "cublasGemmEx [" + x.rows() + ", " + w.dim(0) + "] over " + x.width();
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, w);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y, workspace.tensor());
    }

    @Override
    public long flops() {
        return 2L * x.rows() * w.dim(0) * x.width();
    }
}
