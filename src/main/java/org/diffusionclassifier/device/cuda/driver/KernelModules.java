package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.cuFuncGetAttribute;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The kernels on a card, in the first of three forms that its driver takes: the jar's machine code; the jar's PTX, which
 * drivers for CUDA 12.0 and later translate when they load it, and keep; what NVRTC makes of the sources now.
 *
 * <p>The build refuses machine code that spills registers. What is translated where it runs is asked for its local memory
 * instead, and a spill is a {@linkplain #notices notice}.
 */
final class KernelModules implements AutoCloseable {

    /** Of the architecture that first has what {@code ptx.cuh} uses: 8.0. */
    private static final int OLDEST_CAPABILITY = 80;

    private final Gpu gpu;
    private final Queue<CUmodule> modules = new ConcurrentLinkedQueue<>();
    private final List<String> notices = new ArrayList<>();

    /**
     * @param gpu     its context is current
     * @param storage F16 or BF16: what the kernels take for the half of their sources
     * @param checked whether an emulated card checks and counts every load and store
     * @throws DeviceException if the card is too old, or takes the kernels in none of their forms
     */
    KernelModules(Gpu gpu, DType storage, boolean checked) {
        this.gpu = gpu;
        Driver driver = gpu.driver();
        int capability = gpu.properties().computeCapability();
        if (capability < OLDEST_CAPABILITY) {
            throw DeviceException.of(null, "%s: %s has compute capability %s, the kernels need %s or later: use %s cpu",
                    driver.deviceName(), gpu.name(), dotted(capability), dotted(OLDEST_CAPABILITY),
                    InputException.field("device"));
        }
        int compiled = load(driver.compiled(gpu.kernels(), storage, checked));
        if (compiled == CUresult.CUDA_SUCCESS) {
            return;
        }
        int translated = load(driver.ptx(gpu.kernels(), storage, checked));
        if (translated != CUresult.CUDA_SUCCESS) {
            loadCompiledNow(storage, compiled, translated);
        }
        noteSpills();
    }

    private void loadCompiledNow(DType storage, int compiled, int translated) {
        Driver driver = gpu.driver();
        try {
            var compiler = new RuntimeCompiler(gpu.properties().computeCapability(), gpu.kernels(), storage,
                    RuntimeCompiler.userCaches());
            gpu.check(load(compiler.images()), "cuModuleLoadData");
        } catch (DeviceException e) {
            int version = driver.version();
            throw new DeviceException(driver.deviceName() + ": " + (compiled == CUresult.CUDA_ERROR_NOT_FOUND
                    && translated == CUresult.CUDA_ERROR_NOT_FOUND ? "this jar holds no compiled kernels"
                    : "the driver, for CUDA " + dotted(version / 1000 * 10 + version % 1000 / 10)
                            + ", does not take the jar's kernels (compiled " + CUresult.stringFor(compiled) + ", PTX "
                            + CUresult.stringFor(translated) + ")")
                    + ", and compiling them now failed: " + e.getMessage()
                    + "; update the driver, or install NVRTC of CUDA 12, or build the jar where nvcc is installed", e);
        }
    }

    /**
     * All of them or none; side by side, as a driver takes seconds to translate one. The result is CUDA_ERROR_NOT_FOUND
     * where there are none to load.
     */
    private int load(List<byte[]> images) {
        List<Integer> failures = images.parallelStream().map(this::load).filter(result -> result != CUresult.CUDA_SUCCESS)
                .toList();
        if (!failures.isEmpty()) {
            close();
            return failures.get(0);
        }
        return images.isEmpty() ? CUresult.CUDA_ERROR_NOT_FOUND : CUresult.CUDA_SUCCESS;
    }

    private int load(byte[] image) {
        gpu.enter();
        var module = new CUmodule();
        int result = cuModuleLoadData(module, image);
        if (result == CUresult.CUDA_SUCCESS) {
            modules.add(module);
        }
        return result;
    }

    /** Kernels use no local memory but for registers that are spilled. */
    private void noteSpills() {
        int spilling = 0;
        int most = 0;
        String worst = null;
        for (KernelFacts kernel : gpu.kernels().kernels()) {
            int[] bytes = new int[1];
            gpu.check(cuFuncGetAttribute(bytes, CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES,
                    find(kernel.kernel())), "cuFuncGetAttribute");
            spilling += bytes[0] > 0 ? 1 : 0;
            if (bytes[0] > most) {
                most = bytes[0];
                worst = kernel.kernel();
            }
        }
        if (spilling > 0) {
            notices.add(gpu.driver().deviceName() + ": compiled on this machine, " + spilling + " of "
                    + gpu.kernels().kernels().size() + " kernels keep registers in memory, which is slow (" + worst + ": "
                    + most + " bytes a thread); a newer driver may do better");
        }
    }

    /** A line on each thing that makes them slower than they should be. */
    List<String> notices() {
        return List.copyOf(notices);
    }

    /** @throws DeviceException if there is no kernel of that name */
    CUfunction find(String name) {
        var function = new CUfunction();
        for (CUmodule module : modules) {
            if (cuModuleGetFunction(function, module, name) == CUresult.CUDA_SUCCESS) {
                return function;
            }
        }
        throw new DeviceException(gpu.driver().deviceName() + ": no kernel " + name + " in this jar");
    }

    /** 8.6 of 86. */
    private static String dotted(int tenfold) {
        return tenfold / 10 + "." + tenfold % 10;
    }

    @Override
    public void close() {
        modules.forEach(module -> cuModuleUnload(module));
        modules.clear();
    }
}
