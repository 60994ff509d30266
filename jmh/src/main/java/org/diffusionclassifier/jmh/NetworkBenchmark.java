package org.diffusionclassifier.jmh;

import java.util.Locale;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.model.SyntheticEvaluation;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole evaluation of a network, from latent to errors, with made-up weights, beside what the device makes of a plain
 * matrix product: one of 2048³ in the same type is measured before each iteration.
 */
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class NetworkBenchmark extends DeviceBenchmark {

    @Param({"f32", "bf16"})
    public String dtype;

    /** Pairs an evaluation. */
    @Param({"1", "4"})
    public int batch;

    /** How many of these pairs each trial has: 10 as in a classification among ten classes, 1 to share nothing. */
    @Param("1")
    public int pairsATrial;

    /** Height and width of the latent; 0 for those that the model was trained on. */
    @Param("0")
    public int side;

    private Device opened;
    private SquareProduct product;
    private SyntheticEvaluation evaluation;
    private Graph graph;
    private long linearFlops;

    /** Of P pairs over M trials. */
    protected abstract SyntheticEvaluation evaluation(Device on, int trials, int pairs);

    @Setup
    public void open() {
        opened = openDevice(dtype);
        product = new SquareProduct(opened);
        int trials = (batch + pairsATrial - 1) / pairsATrial;
        evaluation = evaluation(opened, trials, batch);
        graph = evaluation.graph();
        linearFlops = graph.ops().stream().filter(op -> !op.name().startsWith("attention")).mapToLong(Op::flops).sum();
        System.out.printf(Locale.ROOT, "# a pair: %.2f GFLOP, %.2f of them not in attention's own products; "
                + "%.1f MiB of activations%n", graph.flops() * 1e-9 / batch, linearFlops * 1e-9 / batch,
                graph.arenaBytes() / 1048576.0);
    }

    @Setup(Level.Iteration)
    public void measureProduct() {
        product.measure();
    }

    @Benchmark
    public void evaluate(EvaluationRates rates) {
        long start = System.nanoTime();
        graph.run();
        opened.synchronize();
        rates.add(batch, graph.flops(), linearFlops, product.flopsASecond(), (System.nanoTime() - start) * 1e-9);
    }

    @TearDown
    public void close() {
        evaluation.close();
        product.close();
        opened.close();
    }
}
