package org.diffusionclassifier.jmh;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.tensor.DType;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What every benchmark on a device shares: which one, and how it is measured.
 *
 * <p>{@code device} is {@code auto} (a GPU if there is one, else the CPU, which the benchmark's output says), {@code cpu}
 * or {@code cuda}; {@code kernels} is, on a GPU, {@code native} or {@code vendor}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class DeviceBenchmark {

    @Param("auto")
    public String device;

    @Param("native")
    public String kernels;

    /** @param dtype {@code f32}, {@code bf16} or {@code auto} on the CPU; a GPU computes in f16 whatever it says */
    protected final Device openDevice(String dtype) {
        Device opened = isCuda()
                ? CudaDevice.open(Kernels.valueOf(kernels.toUpperCase(Locale.ROOT)), WeightsBudget.unlimited())
                : new CpuDevice(dtype.equals("auto") ? CpuDevice.fastestType()
                        : DType.valueOf(dtype.toUpperCase(Locale.ROOT)));
        System.out.println("# device: " + opened.description());
        return opened;
    }

    /** As {@link #openDevice}, for the library to open. */
    protected final DiffusionModel.Builder model(String dtype) {
        return DiffusionModel.builder().device(isCuda() ? "cuda" : "cpu").dtype(isCuda() ? "auto" : dtype)
                .kernels(isCuda() ? kernels : "native").log(line -> System.out.println("# " + line));
    }

    private boolean isCuda() {
        return device.equals("cuda") || device.equals("auto") && CudaDevice.isInstalled();
    }
}
