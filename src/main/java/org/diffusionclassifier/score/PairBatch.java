package org.diffusionclassifier.score;

import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.BoundTerms;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.NoiseSchedule;
import org.diffusionclassifier.tensor.DType;

/**
 * The way from latent to errors, recorded for batches of P pairs over M trials. What a batch is about reaches it through
 * one block of integers in the device's memory,
 *
 * <pre>
 *     noise index [M] | timestep [M] | √ᾱ [M] | √(1 − ᾱ) [M] | κ [M] | ln β̃ [M] | ln β/β̃ [M]
 *     | trial [P] | class [P] | seed [2]
 * </pre>
 *
 * the floats by their bits: running it is one write, one graph, and one read of P floats, or of P maps.
 */
final class PairBatch implements AutoCloseable {

    private static final int VALUES_A_TRIAL = 7;

    /**
     * What a batch is about, in the device's memory.
     *
     * @param trialOfPair [P] int32, ascending over [0, M)
     * @param pairClass   [P] int32, the index of each pair's prompt
     */
    record Asked(Trials trials, BoundTerms posterior, Tensor trialOfPair, Tensor pairClass) {
    }

    /** A model's way from there to the pairs' errors, or to where these lie. */
    @FunctionalInterface
    interface Evaluation {

        /** Records it: [P] or [P, h, w] float32. */
        Tensor record(Asked asked);
    }

    private final Device device;
    private final NoiseSchedule schedule;
    private final int trials;
    private final int pairs;
    private final int[] values;
    private final Tensor block;
    private final Tensor evaluated;
    private final Graph graph;

    /**
     * @param x0   latent [h, w, c], float32
     * @param seed of the noise, two words
     */
    PairBatch(Device device, NoiseSchedule schedule, Tensor x0, int[] seed, int trials, int pairs,
              Evaluation evaluation) {
        this.device = device;
        this.schedule = schedule;
        this.trials = trials;
        this.pairs = pairs;
        int firstPair = VALUES_A_TRIAL * trials;
        int firstOfSeed = firstPair + 2 * pairs;
        values = new int[firstOfSeed + seed.length];
        System.arraycopy(seed, 0, values, firstOfSeed, seed.length);
        block = device.tensor(DType.I32, values.length);
        var asked = new Asked(
                new Trials(x0, block.vector(firstOfSeed, seed.length, DType.I32), part(0, DType.I32),
                        part(2, DType.F32), part(3, DType.F32)),
                new BoundTerms(part(1, DType.I32), part(4, DType.F32), part(5, DType.F32), part(6, DType.F32)),
                block.vector(firstPair, pairs, DType.I32), block.vector(firstPair + pairs, pairs, DType.I32));
        var result = new AtomicReference<Tensor>();
        graph = device.record(recorder -> {
            result.set(evaluation.record(asked));                               // [P] or [P, h, w]
            recorder.keep(result.get());
        });
        evaluated = result.get();
    }

    private Tensor part(int index, DType type) {
        return block.vector(index * trials, trials, type);
    }

    /** Evaluates the round's pairs {@code from} to {@code from + pairs}, counted prompt by prompt within each trial. */
    float[] run(Round round, int from) {
        int across = round.prompts().size();
        int firstTrial = from / across;
        for (int m = 0; m < trials; m++) {
            Trial trial = round.trials().get(firstTrial + m);
            int t = trial.timestep();
            values[m] = trial.noiseIndex();
            values[trials + m] = t;
            values[2 * trials + m] = Float.floatToRawIntBits(schedule.signalLevel(t));
            values[3 * trials + m] = Float.floatToRawIntBits(schedule.noiseLevel(t));
            values[4 * trials + m] = Float.floatToRawIntBits(schedule.meanScale(t));
            values[5 * trials + m] = Float.floatToRawIntBits(schedule.logVariance(t));
            values[6 * trials + m] = Float.floatToRawIntBits(schedule.logRange(t));
        }
        int firstPair = VALUES_A_TRIAL * trials;
        for (int p = 0; p < pairs; p++) {
            values[firstPair + p] = (from + p) / across - firstTrial;
            values[firstPair + pairs + p] = round.prompts().get((from + p) % across);
        }
        device.write(block, values);
        graph.run();
        return device.read(evaluated);
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
