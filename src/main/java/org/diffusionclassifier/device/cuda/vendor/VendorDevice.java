package org.diffusionclassifier.device.cuda.vendor;

import jcuda.driver.CUstream;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;

/** A CUDA device as the vendor variants see it. */
public interface VendorDevice {

    /** Neighbouring elements of a row that a thread of the kernels in {@code vendor.cu} has. */
    int CHUNK = 8;

    /** Threads for a matrix. */
    static long threads(int rows, int columns) {
        return (long) rows * ((columns + CHUNK - 1) / CHUNK);
    }

    /** As settings call the device. */
    String name();

    /** Major · 10 + minor: 80 for sm_80. */
    int computeCapability();

    /** Makes the card's context the calling thread's, as the libraries expect it. */
    void enter();

    /** On which everything runs in order. */
    CUstream stream();

    /** Where weights are kept and operations recorded. */
    RecordingDevice recording();

    /**
     * Loads JCuda's binding to a library of the device's, once a process.
     *
     * @param library  the SONAME that the binding needs
     * @param firstUse makes JCuda load its native part
     * @throws LinkageError if there is no such library
     */
    void bind(String library, Runnable firstUse);

    /**
     * Records a launch of a kernel of {@code vendor.cu}.
     *
     * @param threads   how many it needs; whole blocks run
     * @param output    the tensor among the arguments that is written
     * @param arguments in the order of the signature: tensors, or null for none, and Integers
     */
    void launch(String kernel, long threads, Tensor output, Object... arguments);
}
