package org.diffusionclassifier.classify;

import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.NoiseSchedule;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.InputException;

/**
 * Scores by a latent diffusion model: all that does not depend on what a class is to the model. Pairs are batched trial
 * by trial, across prompts and timesteps, so that every batch but a round's last is full and what prompts share is
 * computed once a trial.
 */
public abstract class LatentScorer implements Scorer {

    /** Batch shapes kept recorded; staged elimination needs two a stage. */
    private static final int GRAPHS = 16;

    private final Device device;
    private final NoiseSchedule schedule;
    private final int prompts;
    private final Diffusion diffusion;
    private final int[] seed;
    private final Tensor x0;
    private final Map<String, PairBatch> batches = new LinkedHashMap<>(16, 0.75f, true);
    private int batchSize;

    /**
     * @param size      height and width of the latent
     * @param channels  of the latent
     * @param noise     its table, if given, holds [N, size, size, channels]
     * @param batchSize pairs evaluated at once, at least 1
     */
    LatentScorer(Device device, NoiseSchedule schedule, int prompts, int size, int channels, Noise noise,
                 int batchSize) {
        this.device = device;
        this.schedule = schedule;
        this.prompts = prompts;
        this.diffusion = device.diffusion(noise instanceof Noise.Given given ? given.table() : null);
        this.seed = Philox.key(noise instanceof Noise.Seeded seeded ? seeded.seed() : 0);
        this.x0 = device.tensor(DType.F32, size, size, channels);
        this.batchSize = batchSize;
    }

    /** Records a batch's way from latent to errors. */
    abstract Tensor evaluate(Diffusion diffusion, PairBatch.Asked asked);

    /** How the model knows the class of a prompt. */
    abstract int classOf(int prompt);

    /** x₀ of an image, [size, size, channels]. */
    abstract float[] latent(RgbImage image);

    /** Halves the batch until its activations fit into the device's memory, or it is one pair. */
    public void fitBatchToMemory() {
        long capacity = device.activationCapacity();
        while (batchSize > 1 && capacity < Long.MAX_VALUE && activations(batchSize) > capacity) {
            batchSize /= 2;
        }
    }

    /** Bytes that a batch takes at the most: each of its pairs of another trial. */
    private long activations(int pairs) {
        try (PairBatch batch = record(pairs, pairs)) {
            return batch.arenaBytes();
        }
    }

    public int batchSize() {
        return batchSize;
    }

    /** How many pairs a round should have where its size is free: as few as keep the device busy. */
    public int pairsAhead() {
        return Math.min(batchSize, Math.max(1, device.latentPixelsAtLeast() / (x0.dim(0) * x0.dim(1))));
    }

    @Override
    public int prompts() {
        return prompts;
    }

    @Override
    public int elements() {
        return Math.toIntExact(x0.elements());
    }

    @Override
    public int timesteps() {
        return schedule.timesteps();
    }

    @Override
    public void show(RgbImage image) {
        device.write(x0, latent(image));
    }

    @Override
    public float[][] errors(Round round) {
        int across = round.prompts().size();
        var errors = new float[round.trials().size()][across];
        int pairs = errors.length * across;
        for (int from = 0; from < pairs; from += batchSize) {
            int count = Math.min(batchSize, pairs - from);
            int firstTrial = from / across;
            int trials = (from + count - 1) / across - firstTrial + 1;
            float[] evaluated = batch(trials, count).run(round, from, this::classOf);
            for (int i = 0; i < count; i++) {
                if (!Float.isFinite(evaluated[i])) {
                    throw new InputException("the model's prediction for prompt "
                            + round.prompts().get((from + i) % across) + " is not a number: are its weights damaged, "
                            + "or beyond the range of " + device.dtype() + "?");
                }
                errors[(from + i) / across][(from + i) % across] = evaluated[i];
            }
        }
        return errors;
    }

    private PairBatch batch(int trials, int pairs) {
        PairBatch batch = batches.computeIfAbsent(trials + "x" + pairs, shape -> record(trials, pairs));
        if (batches.size() > GRAPHS) {
            var eldest = batches.entrySet().iterator();
            eldest.next().getValue().close();
            eldest.remove();
        }
        return batch;
    }

    private PairBatch record(int trials, int pairs) {
        return new PairBatch(device, schedule, x0, seed, trials, pairs, asked -> evaluate(diffusion, asked));
    }

    @Override
    public void close() {
        batches.values().forEach(PairBatch::close);
        device.release(x0);
    }
}
