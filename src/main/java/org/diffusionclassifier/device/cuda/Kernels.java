package org.diffusionclassifier.device.cuda;

/** What computes the matrix products and the convolutions of linear and convolution layers. */
public enum Kernels {
    /** Ours: {@code gemm.cu}, {@code conv.cu}. */
    NATIVE,
    /** NVIDIA's cuBLAS and cuDNN. */
    VENDOR
}
