package org.diffusionclassifier.classify;

import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.NoiseSchedule;
import org.diffusionclassifier.model.UNet;
import org.diffusionclassifier.weights.DType;

/**
 * The way from latent to errors, recorded for batches of P pairs over M trials: add noise (M), UNet (M, then P),
 * ε-error (P). What a batch is about reaches it through one block of integers in the device's memory,
 *
 * <pre>
 *     noise index [M] | timestep [M] | √ᾱ [M] | √(1 − ᾱ) [M] | trial [P] | prompt [P] | seed [2]
 * </pre>
 *
 * the levels by their float32 bits: running it is one write, one graph, and one read of P floats.
 */
final class PairBatch implements AutoCloseable {

    private final Device device;
    private final NoiseSchedule schedule;
    private final int trials;
    private final int pairs;
    private final int[] values;
    private final Tensor block;
    private final Tensor errors;
    private final Graph graph;

    PairBatch(StableDiffusionScorer scorer, int trials, int pairs) {
        this.device = scorer.device();
        this.schedule = scorer.model().schedule();
        this.trials = trials;
        this.pairs = pairs;
        int[] seed = scorer.seed();
        values = new int[4 * trials + 2 * pairs + seed.length];
        System.arraycopy(seed, 0, values, 4 * trials + 2 * pairs, seed.length);
        block = device.tensor(DType.I32, values.length);
        var drawn = new Trials(scorer.x0(), block.vector(4 * trials + 2 * pairs, seed.length, DType.I32),
                block.vector(0, trials, DType.I32), block.vector(2 * trials, trials, DType.F32),
                block.vector(3 * trials, trials, DType.F32));
        var asked = new UNet.Pairs(block.vector(trials, trials, DType.I32),
                block.vector(4 * trials, pairs, DType.I32), scorer.context(),
                block.vector(4 * trials + pairs, pairs, DType.I32));
        var measure = new Measure(scorer.loss(), scorer.model().source().schedule().prediction(), false);
        var result = new AtomicReference<Tensor>();
        graph = device.record(recorder -> {
            result.set(scorer.model().unet().errors(scorer.diffusion(), drawn, asked, measure).mean());     // [P]
            recorder.keep(result.get());
        });
        errors = result.get();
    }

    /** Errors of the round's pairs {@code from} to {@code from + pairs}, counted prompt by prompt within each trial. */
    float[] run(Round round, int from) {
        int across = round.prompts().size();
        int firstTrial = from / across;
        for (int m = 0; m < trials; m++) {
            Trial trial = round.trials().get(firstTrial + m);
            values[m] = trial.noiseIndex();
            values[trials + m] = trial.timestep();
            values[2 * trials + m] = Float.floatToRawIntBits(schedule.signalLevel(trial.timestep()));
            values[3 * trials + m] = Float.floatToRawIntBits(schedule.noiseLevel(trial.timestep()));
        }
        for (int p = 0; p < pairs; p++) {
            values[4 * trials + p] = (from + p) / across - firstTrial;
            values[4 * trials + pairs + p] = round.prompts().get((from + p) % across);
        }
        device.write(block, values);
        graph.run();
        return device.read(errors);
    }

    long arenaBytes() {
        return graph.arenaBytes();
    }

    @Override
    public void close() {
        graph.close();
        device.release(block);
    }
}
