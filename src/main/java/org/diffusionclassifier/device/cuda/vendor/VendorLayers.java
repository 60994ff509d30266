package org.diffusionclassifier.device.cuda.vendor;

import static jcuda.jcublas.JCublas2.*;
import static jcuda.jcudnn.JCudnn.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasStatus;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** Makes the vendor variants of one device: its cuBLAS and cuDNN, a handle of each on the device's stream. */
public final class VendorLayers implements AutoCloseable {

    /** Scalars in host memory, as both libraries read them at each call. */
    static final Pointer ZERO = scalar(0);
    static final Pointer ONE = scalar(1);

    private static final InputException.Field KERNELS = InputException.field("kernels");

    private final VendorDevice device;
    private final cublasHandle blas = new cublasHandle();
    private final cudnnHandle dnn = new cudnnHandle();

    /** @throws DeviceException if a library is missing or does not work here */
    public VendorLayers(VendorDevice device) {
        this.device = device;
        bind("cuBLAS 12", "libcublas.so.12", "NVIDIA's package libcublas-12-9, Debian's libcublas12",
                JCublas2::initialize);
        bind("cuDNN 9", "libcudnn.so.9", "NVIDIA's package libcudnn9-cuda-12", JCudnn::initialize);
        var stream = new cudaStream_t(device.stream());
        checkBlas(cublasCreate(blas), "cublasCreate");
        try {
            checkBlas(cublasSetStream(blas, stream), "cublasSetStream");
            // Split sums meet in float32, not in the output's float16.
            checkBlas(cublasSetMathMode(blas, cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                    "cublasSetMathMode");
            checkDnn(cudnnCreate(dnn), "cudnnCreate");
        } catch (DeviceException e) {
            cublasDestroy(blas);
            throw e;
        }
        checkDnn(cudnnSetStream(dnn, stream), "cudnnSetStream");
    }

    private void bind(String library, String file, String packages, Runnable firstUse) {
        try {
            device.bind(file, firstUse);
        } catch (LinkageError e) {
            throw DeviceException.of(e, "%s: %s (%s) cannot be loaded: install it (%s), or use %s native", device.name(),
                    library, file, packages, KERNELS);
        }
    }

    /** As {@link org.diffusionclassifier.device.Device#linear}. */
    public Linear linear(Linear.Spec spec, Weights... parts) {
        return new VendorLinear(this, spec, parts);
    }

    /** As {@link org.diffusionclassifier.device.Device#conv2d}. */
    public Conv2d conv2d(Conv2d.Spec spec, Weights weights) {
        return new VendorConv2d(this, spec, weights);
    }

    VendorDevice device() {
        return device;
    }

    /** For a call that follows. */
    cublasHandle blas() {
        device.enter();
        return blas;
    }

    /** For a call that follows. */
    cudnnHandle dnn() {
        device.enter();
        return dnn;
    }

    void checkBlas(int status, String call) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw failure(call, cublasStatus.stringFor(status));
        }
    }

    /** The status' name comes from the library: cuDNN 9 has other numbers than the constants of its Java binding. */
    void checkDnn(int status, String call) {
        if (status != 0) {
            throw failure(call, cudnnGetErrorString(status));
        }
    }

    private DeviceException failure(String call, String status) {
        return DeviceException.of(null, "%s: %s: %s: %s native does without", device.name(), call, status, KERNELS);
    }

    /** A pointer to device memory. */
    static Pointer at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private static Pointer scalar(float value) {
        return Pointer.to(ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder()).putFloat(0, value));
    }

    @Override
    public void close() {
        device.enter();
        cudnnDestroy(dnn);
        cublasDestroy(blas);
    }
}
