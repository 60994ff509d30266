package org.diffusionclassifier.device.cuda;

import static jcuda.driver.JCudaDriver.*;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.diffusionclassifier.device.DeviceException;

/** One card: its context, our kernels on it, and a stream that everything runs on in order. */
final class Gpu implements AutoCloseable {

    private final Driver driver;
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final List<CUmodule> modules = new ArrayList<>();
    private final CUstream stream = new CUstream();
    private final Map<String, CUfunction> functions = new HashMap<>();

    /** @param ordinal which card, from 0 */
    Gpu(Driver driver, int ordinal) {
        this.driver = driver;
        driver.load();
        int[] count = new int[1];
        check(cuDeviceGetCount(count), "cuDeviceGetCount");
        if (ordinal >= count[0]) {
            throw new DeviceException(driver.deviceName() + ": no CUDA device " + ordinal + ", the driver has "
                    + count[0] + ": use --device cpu");
        }
        check(cuDeviceGet(device, ordinal), "cuDeviceGet");
        check(cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
        driver.kernels().forEach(this::loadModule);
        check(cuStreamCreate(stream, 0), "cuStreamCreate");
    }

    private void loadModule(byte[] image) {
        var module = new CUmodule();
        int result = cuModuleLoadData(module, image);
        if (result == CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU || result == CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION) {
            throw new DeviceException(driver.deviceName() + ": the kernels do not run on " + name()
                    + " with driver version " + driver.version() + " (" + CUresult.stringFor(result)
                    + "): needs compute capability 8.0 or later and a driver for CUDA 13 or later");
        }
        check(result, "cuModuleLoadData");
        modules.add(module);
    }

    /** The name that the driver gives the card. */
    String name() {
        byte[] name = new byte[256];
        check(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int end = 0;
        while (name[end] != 0) {
            end++;
        }
        return new String(name, 0, end, StandardCharsets.US_ASCII);
    }

    /** Major · 10 + minor: 80 for sm_80. */
    int computeCapability() {
        return 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    private int attribute(int attribute) {
        int[] value = new int[1];
        check(cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }

    int multiprocessors() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    /** Bytes free on the card. */
    long freeBytes() {
        long[] free = new long[1];
        check(cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
        return free[0];
    }

    /** A kernel by name, allowed to use this much dynamic shared memory. */
    CUfunction function(String name, int sharedBytes) {
        return functions.computeIfAbsent(name + " " + sharedBytes, key -> {
            CUfunction function = find(name);
            check(cuFuncSetAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                    sharedBytes), name + ": " + sharedBytes + " bytes of shared memory");
            return function;
        });
    }

    private CUfunction find(String name) {
        var function = new CUfunction();
        for (CUmodule module : modules) {
            if (cuModuleGetFunction(function, module, name) == CUresult.CUDA_SUCCESS) {
                return function;
            }
        }
        throw new DeviceException(driver.deviceName() + ": no kernel " + name + " in this jar");
    }

    CUstream stream() {
        return stream;
    }

    long allocate(long bytes) {
        var pointer = new Address();
        int result = cuMemAlloc(pointer, bytes);
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw new DeviceException(driver.deviceName() + ": out of memory: " + bytes + " bytes asked for, "
                    + freeBytes() + " free on " + name() + ": try a smaller --batch-size");
        }
        check(result, "cuMemAlloc of " + bytes + " bytes");
        return pointer.value();
    }

    void free(long address) {
        check(cuMemFree(at(address)), "cuMemFree");
    }

    void zero(long address, long bytes) {
        check(cuMemsetD8Async(at(address), (byte) 0, bytes, stream), "cuMemsetD8Async");
    }

    /** Copies a direct buffer's remaining bytes to the card, and waits. */
    void upload(long address, ByteBuffer source) {
        check(cuStreamSynchronize(stream), "cuStreamSynchronize");
        check(cuMemcpyHtoD(at(address), Pointer.toBuffer(source), source.remaining()),
                "cuMemcpyHtoD of " + source.remaining() + " bytes");
    }

    /** Waits for the stream, and copies from the card into a direct buffer's remaining bytes. */
    void download(ByteBuffer destination, long address) {
        check(cuStreamSynchronize(stream), "cuStreamSynchronize");
        check(cuMemcpyDtoH(Pointer.toBuffer(destination), at(address), destination.remaining()),
                "cuMemcpyDtoH of " + destination.remaining() + " bytes");
    }

    void copy(long destination, long source, long bytes) {
        check(cuMemcpyDtoDAsync(at(destination), at(source), bytes, stream), "cuMemcpyDtoDAsync of " + bytes + " bytes");
    }

    void check(int result, String call) {
        driver.check(result, call);
    }

    private static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    @Override
    public void close() {
        cuStreamDestroy(stream);
        modules.forEach(JCudaDriver::cuModuleUnload);
        cuDevicePrimaryCtxRelease(device);
    }

    /** A device pointer whose address can be asked for. */
    private static final class Address extends CUdeviceptr {
        long value() {
            return getNativePointer() + getByteOffset();
        }
    }
}
