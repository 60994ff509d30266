package org.diffusionclassifier.score;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.ReverseSteps;
import org.diffusionclassifier.device.Diffusion.Trials;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.NotFinite;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.DType;

/**
 * The way from latent to errors, recorded for batches of P pairs over M trials. A batch is described by one block of
 * integers in the device's memory,
 *
 * <pre>
 *     M of each:  noise index | time | signal | level | a | b | error scale
 *     M of each:  t | κ | ln β̃ | ln β/β̃                                       only for the variational bound
 *     P of each:  trial | class
 *     2:          seed
 * </pre>
 *
 * the floats by their bits (a, b: {@link NoiseProcess}; the second line: {@link NoiseProcess.ReverseStep}). To run it is
 * one write, one graph, and one read of P floats, or of P maps.
 */
final class PairBatch implements AutoCloseable {

    /** Columns of the block, a number a trial each; those from TIMESTEP on are there for the variational bound only. */
    private enum Column {
        NOISE_INDEX, TIME, SIGNAL, LEVEL, OUTPUT_SCALE, INPUT_SCALE, ERROR_SCALE,
        TIMESTEP, MEAN_SCALE, LOG_VARIANCE, LOG_RANGE;

        static int count(boolean bound) {
            return bound ? values().length : TIMESTEP.ordinal();
        }
    }

    /**
     * What a batch is about, in the device's memory.
     *
     * @param times       what the network is given as the trials' times, [M] float32
     * @param steps       null unless the bound is wanted
     * @param trialOfPair [P] int32, ascending over [0, M)
     * @param pairClass   [P] int32, the row of each pair's prompt in the conditioning
     */
    record Asked(Trials trials, Tensor times, ReverseSteps steps, Tensor trialOfPair, Tensor pairClass) {
    }

    /** A model's way from there to the pairs' errors, or to where these lie. */
    @FunctionalInterface
    interface PairEvaluation {

        /** Records it: [P] or [P, h, w] float32. */
        Tensor record(Asked asked);
    }

    private final Device device;
    private final NoiseProcess process;
    private final boolean bound;
    private final int trials;
    private final int pairs;
    private final int firstPair;
    private final int[] values;
    private final Tensor block;
    private final Tensor evaluated;
    private final Graph graph;

    /**
     * @param bound whether the evaluation is of the variational bound
     * @param x0    latent [h, w, c], float32
     * @param seed  of the noise, two words
     */
    PairBatch(Device device, NoiseProcess process, boolean bound, Tensor x0, int[] seed, int trials, int pairs,
              PairEvaluation evaluation) {
        this.device = device;
        this.process = process;
        this.bound = bound;
        this.trials = trials;
        this.pairs = pairs;
        this.firstPair = Column.count(bound) * trials;
        int firstOfSeed = firstPair + 2 * pairs;
        values = new int[firstOfSeed + seed.length];
        System.arraycopy(seed, 0, values, firstOfSeed, seed.length);
        block = device.tensor(DType.I32, values.length);
        var asked = new Asked(
                new Trials(x0, block.vector(firstOfSeed, seed.length, DType.I32), integers(Column.NOISE_INDEX),
                        floats(Column.SIGNAL), floats(Column.LEVEL), floats(Column.OUTPUT_SCALE),
                        floats(Column.INPUT_SCALE), floats(Column.ERROR_SCALE)),
                floats(Column.TIME),
                bound ? new ReverseSteps(integers(Column.TIMESTEP), floats(Column.MEAN_SCALE),
                        floats(Column.LOG_VARIANCE), floats(Column.LOG_RANGE)) : null,
                block.vector(firstPair, pairs, DType.I32), block.vector(firstPair + pairs, pairs, DType.I32));
        var result = new AtomicReference<Tensor>();
        graph = device.record(recorder -> {
            result.set(evaluation.record(asked));                               // [P] or [P, h, w]
            recorder.keep(result.get());
        });
        evaluated = result.get();
    }

    private Tensor integers(Column column) {
        return block.vector(column.ordinal() * trials, trials, DType.I32);
    }

    private Tensor floats(Column column) {
        return block.vector(column.ordinal() * trials, trials, DType.F32);
    }

    /**
     * Evaluates the round's pairs {@code from} to {@code from + pairs}, counted prompt by prompt within each trial.
     *
     * @param round its prompts by their rows in the conditioning
     */
    float[] run(Round round, int from) {
        int across = round.prompts().size();
        int firstTrial = from / across;
        for (int m = 0; m < trials; m++) {
            describe(round.trials().get(firstTrial + m), m);
        }
        for (int p = 0; p < pairs; p++) {
            values[firstPair + p] = (from + p) / across - firstTrial;
            values[firstPair + pairs + p] = round.prompts().get((from + p) % across);
        }
        device.write(block, values);
        graph.run();
        return device.read(evaluated);
    }

    /** Runs the batch once more, and says which layer is the first to write what is not finite. */
    Optional<NotFinite> firstNotFinite() {
        return graph.firstNotFinite();
    }

    /** Writes a trial's row into the columns of the block. */
    private void describe(Trial trial, int m) {
        int step = trial.timestep();
        put(Column.NOISE_INDEX, m, trial.noiseIndex());
        put(Column.TIME, m, process.time(step));
        put(Column.SIGNAL, m, process.signal(step));
        put(Column.LEVEL, m, process.level(step));
        put(Column.OUTPUT_SCALE, m, process.outputScale(step));
        put(Column.INPUT_SCALE, m, process.inputScale(step));
        put(Column.ERROR_SCALE, m, process.errorScale(step));
        if (bound) {
            NoiseProcess.ReverseStep reverse = process.reverse(step);
            put(Column.TIMESTEP, m, step);
            put(Column.MEAN_SCALE, m, reverse.meanScale());
            put(Column.LOG_VARIANCE, m, reverse.logVariance());
            put(Column.LOG_RANGE, m, reverse.logRange());
        }
    }

    private void put(Column column, int m, int value) {
        values[column.ordinal() * trials + m] = value;
    }

    private void put(Column column, int m, float value) {
        put(column, m, Float.floatToRawIntBits(value));
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
