package org.diffusionclassifier.jmh;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.Card;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.SyntheticWeights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What every benchmark of recorded operations shares: the device, the recording, and the rates that are reported beside
 * the operations a second.
 *
 * <p>{@code device} is {@code auto} (a GPU if there is one, else the CPU, which the benchmark's output says), {@code cpu}
 * or {@code cuda}; {@code kernels} is, on a GPU, {@code native} or {@code vendor}. A graph is run several times before
 * the device is waited for, so that a launch's latency does not count.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class OperationBenchmark {

    @Param("auto")
    public String device;

    @Param("auto")
    public String dtype;

    @Param("native")
    public String kernels;

    private Device opened;
    private Graph graph;
    private Tensor result;
    private int runs;
    private long bytes;
    private double secondsAtBound;

    /**
     * Makes the layers and their inputs, by {@link #weights} and {@link #normal}, and records the operation.
     *
     * @return its result
     */
    protected abstract Tensor record(Device on);

    protected static SyntheticWeights weights() {
        return new SyntheticWeights();
    }

    /** A persistent tensor of the device's type, of normal values. */
    protected Tensor normal(Device on, int... shape) {
        Tensor tensor = on.tensor(on.dtype(), shape);
        var random = new SplittableRandom(1);
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        on.write(tensor, values);
        return tensor;
    }

    /** The numbers of {@code 8x64x64x320}. */
    protected static int[] shape(String text) {
        return Arrays.stream(text.split("x")).mapToInt(Integer::parseInt).toArray();
    }

    @Setup
    public void open() {
        opened = openDevice();
        System.out.println("# device: " + opened.description());
        graph = opened.record(recorder -> {
            result = record(opened);
            recorder.keep(result);
        });
        bytes = graph.ops().stream().mapToLong(Op::bytes).sum();
        secondsAtBound = Card.of(opened.description()).map(card -> graph.ops().stream()
                .mapToDouble(op -> card.bound(op.flops(), op.bytes())).sum()).orElse(0.0);
        graph.run();
        opened.synchronize();
        long start = System.nanoTime();
        graph.run();
        opened.synchronize();
        runs = (int) Math.max(1, Math.min(100, 10_000_000 / (System.nanoTime() - start + 1)));
    }

    private Device openDevice() {
        boolean cuda = device.equals("cuda") || device.equals("auto") && CudaDevice.isInstalled();
        if (cuda) {
            return CudaDevice.open(Kernels.valueOf(kernels.toUpperCase(Locale.ROOT)), WeightsBudget.unlimited());
        }
        return new CpuDevice(dtype.equals("auto") ? CpuDevice.fastestType()
                : DType.valueOf(dtype.toUpperCase(Locale.ROOT)));
    }

    @Benchmark
    public void run(Rates rates) {
        for (int i = 0; i < runs; i++) {
            graph.run();
        }
        opened.synchronize();
        rates.add(runs, graph.flops(), bytes, secondsAtBound);
    }

    @TearDown
    public void close() {
        graph.close();
        opened.close();
    }
}
