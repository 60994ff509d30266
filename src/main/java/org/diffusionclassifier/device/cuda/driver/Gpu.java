package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.*;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * One card: its context, our kernels on it, and a stream that they run on in order. Any thread may use it, one at a time,
 * and a thread may use several in turn: what talks to the driver makes the card's context the thread's first.
 */
public final class Gpu implements AutoCloseable {

    /** What memory is for. */
    public enum Use {
        ACTIVATIONS("smaller", "batchSize"),
        /** And whatever else stays from batch to batch. */
        WEIGHTS("smaller model, or a", "weightsBudget");

        private final String advice;
        private final String setting;

        Use(String advice, String setting) {
            this.advice = advice;
            this.setting = setting;
        }
    }

    private final Driver driver;
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final CUstream stream = new CUstream();
    private final GpuProperties properties;
    private final KernelCatalog kernels;
    private final KernelModules modules;
    private final Map<String, CUfunction> functions = new HashMap<>();
    private final Map<String, Integer> sharedLimits = new HashMap<>();
    private final Staging staging;

    /**
     * @param ordinal which card, from 0
     * @param storage F16 or BF16: what tensors of 16 bits hold
     * @param checked whether an emulated one checks and counts every load and store
     */
    public Gpu(Driver driver, int ordinal, DType storage, boolean checked) {
        this.driver = driver;
        int count = count(driver);
        if (ordinal >= count) {
            throw DeviceException.of(null, "%s: no card %d, the driver has %d: use %s cpu", driver.deviceName(), ordinal,
                    count, InputException.field("device"));
        }
        check(cuDeviceGet(device, ordinal), "cuDeviceGet");
        check(cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        enter();
        properties = new GpuProperties(10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
        kernels = KernelCatalog.packaged().of(properties.computeCapability());
        try {
            modules = new KernelModules(this, storage, checked);
            check(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
            staging = new Staging(this, stream);
        } catch (RuntimeException e) {
            cuDevicePrimaryCtxRelease(device);      // with all that is in it
            throw e;
        }
    }

    /**
     * Makes the card's context the calling thread's. Called by all of this class; by others before calls of the driver, or
     * of a library upon it, that they make themselves.
     */
    public void enter() {
        check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    /** Number of cards that a driver has. */
    public static int count(Driver driver) {
        driver.load();
        int[] count = new int[1];
        driver.check(cuDeviceGetCount(count), "cuDeviceGetCount");
        return count[0];
    }

    public Driver driver() {
        return driver;
    }

    /** The name that the driver gives the card. */
    public String name() {
        byte[] name = new byte[256];
        check(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int end = 0;
        while (name[end] != 0) {
            end++;
        }
        return new String(name, 0, end, StandardCharsets.US_ASCII);
    }

    /** What its user should know: a line each. */
    public List<String> notices() {
        return modules.notices();
    }

    /** What the choice of kernels and launches depends on. */
    public GpuProperties properties() {
        return properties;
    }

    /** The kernels that this card has. */
    public KernelCatalog kernels() {
        return kernels;
    }

    /**
     * What a launch must know of a kernel.
     *
     * @throws DeviceException if the card has none of that name
     */
    public KernelFacts kernel(String name) {
        return kernels.find(name).orElseThrow(() -> new DeviceException(driver.deviceName() + ": no kernel " + name
                + " for " + name() + KernelCatalog.packaged().find(name).map(kernel -> ", it requires "
                + kernel.requires()).orElse("")));
    }

    private int attribute(int attribute) {
        int[] value = new int[1];
        check(cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /** Bytes of the card's memory. */
    public long totalBytes() {
        long[] total = new long[1];
        check(cuDeviceTotalMem(total, device), "cuDeviceTotalMem");
        return total[0];
    }

    /** Bytes free on the card. */
    public long freeBytes() {
        enter();
        long[] free = new long[1];
        check(cuMemGetInfo(free, new long[1]), "cuMemGetInfo");
        return free[0];
    }

    /**
     * A kernel by name, allowed to use this much dynamic shared memory. The driver has one limit a kernel: it is only
     * ever raised, so that launches of several sizes can be recorded side by side.
     */
    public CUfunction function(String name, int sharedBytes) {
        enter();
        CUfunction function = functions.computeIfAbsent(name, modules::find);
        if (sharedBytes > sharedLimits.getOrDefault(name, 0)) {
            check(cuFuncSetAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                    sharedBytes), name + ": " + sharedBytes + " bytes of shared memory");
            sharedLimits.put(name, sharedBytes);
        }
        return function;
    }

    public CUstream stream() {
        return stream;
    }

    /**
     * Memory of the card.
     *
     * @throws DeviceException if there is not as much; it names the setting by which less is asked for
     */
    public long allocate(long bytes, Use use) {
        enter();
        var pointer = new Address();
        int result = cuMemAlloc(pointer, bytes);
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw DeviceException.of(null, "%s: out of memory: %d bytes asked for, %d free on %s: try a %s %s",
                    driver.deviceName(), bytes, freeBytes(), name(), use.advice, InputException.field(use.setting));
        }
        check(result, "cuMemAlloc of " + bytes + " bytes");
        return pointer.value();
    }

    /** Waits for everything launched so far. */
    public void synchronize() {
        enter();
        checkCompletion(cuStreamSynchronize(stream), "cuStreamSynchronize");
    }

    /** Waits until nothing runs that may still use it. */
    public void free(long address) {
        synchronize();
        check(cuMemFree(at(address)), "cuMemFree");
    }

    public void zero(long address, long bytes) {
        enter();
        check(cuMemsetD8Async(at(address), (byte) 0, bytes, stream), "cuMemsetD8Async");
    }

    public void copy(long destination, long source, long bytes) {
        enter();
        check(cuMemcpyDtoDAsync(at(destination), at(source), bytes, stream), "cuMemcpyDtoDAsync of " + bytes + " bytes");
    }

    /** An event to order streams by; to be destroyed by {@link #destroy}. */
    public CUevent createEvent() {
        enter();
        var event = new CUevent();
        check(cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
        return event;
    }

    public void destroy(CUevent event) {
        enter();
        cuEventDestroy(event);
    }

    /** Copies to and from the host. */
    public Staging staging() {
        return staging;
    }

    public void check(int result, String call) {
        driver.check(result, call);
    }

    /** Checks a call that waited for kernels, whose failure it may report: it cannot say which of them it was. */
    public void checkCompletion(int result, String call) {
        driver.check(result, result == CUresult.CUDA_SUCCESS ? call
                : "a kernel or copy that " + call + " waited for failed (CUDA_LAUNCH_BLOCKING=1 tells which)");
    }

    public static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    @Override
    public void close() {
        enter();
        cuStreamSynchronize(stream);
        staging.close();
        cuStreamDestroy(stream);
        modules.close();
        cuDevicePrimaryCtxRelease(device);
    }

    /** A device pointer whose address can be asked for. */
    private static final class Address extends CUdeviceptr {
        long value() {
            return getNativePointer() + getByteOffset();
        }
    }
}
