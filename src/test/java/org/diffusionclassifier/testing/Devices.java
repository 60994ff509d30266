package org.diffusionclassifier.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.tensor.DType;

/**
 * The device under test: {@code -Ddevice=cpu}, the default, {@code simt} or {@code cuda}; the latter two with
 * {@code -Dkernels=native}, the default, or {@code vendor}.
 */
public final class Devices {

    private static final String NAME = System.getProperty("device", "cpu");
    private static final Kernels KERNELS =
            Kernels.valueOf(System.getProperty("kernels", "native").toUpperCase(Locale.ROOT));

    private Devices() {
    }

    /** The types it computes in; what needs bfloat16 by name {@linkplain #require says} where a processor lacks it. */
    public static List<DType> types() {
        if (!NAME.equals("cpu")) {
            return KERNELS == Kernels.VENDOR ? List.of(DType.F16) : List.of(DType.F16, DType.BF16);
        }
        return CpuDevice.computesBfloat16() ? List.of(DType.F32, DType.BF16) : List.of(DType.F32);
    }

    /** Skips the test if the CPU device does not compute in {@code type} on this processor. */
    public static void require(DType type) {
        assumeTrue(type != DType.BF16 || CpuDevice.computesBfloat16(), "bfloat16 needs AVX-512 or Arm's");
    }

    public static boolean isCpu() {
        return NAME.equals("cpu");
    }

    public static Device open(DType dtype) {
        return open(dtype, WeightsBudget.unlimited());
    }

    public static Device open(DType dtype, WeightsBudget budget) {
        return switch (NAME) {
            case "cpu" -> new CpuDevice(dtype, budget);
            case "simt", "cuda" -> openCuda(dtype, KERNELS, budget);
            default -> throw new IllegalArgumentException("-Ddevice=" + NAME + ": expected cpu, simt or cuda");
        };
    }

    /** The real CUDA device if it is the one under test, else the emulated one. */
    public static Device openCuda() {
        return openCuda(KERNELS);
    }

    /** As {@link #openCuda()}, whatever kernels are under test. */
    public static Device openCuda(Kernels kernels) {
        return openCuda(DType.F16, kernels, WeightsBudget.unlimited());
    }

    private static Device openCuda(DType dtype, Kernels kernels, WeightsBudget budget) {
        return NAME.equals("cuda") ? CudaDevice.open(0, dtype, kernels, budget)
                : CudaDevice.openEmulated(0, dtype, kernels, budget);
    }
}
