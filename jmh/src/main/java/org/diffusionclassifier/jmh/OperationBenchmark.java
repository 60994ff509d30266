package org.diffusionclassifier.jmh;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.study.Card;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What every benchmark of recorded operations shares: the recording, and the rates that are reported beside the calls a
 * second. A graph is run several times before the device is waited for, so that a launch's latency does not count.
 */
public abstract class OperationBenchmark extends DeviceBenchmark {

    @Param("auto")
    public String dtype;

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
        opened = openDevice(dtype);
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
