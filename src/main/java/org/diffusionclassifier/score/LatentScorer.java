package org.diffusionclassifier.score;

import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.NoiseSchedule;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * Scores by a latent diffusion model: all that does not depend on what a class is to the model. Pairs are batched trial
 * by trial, across prompts and timesteps, so that every batch but a round's last is full and what prompts share is
 * computed once a trial.
 */
public abstract class LatentScorer implements Scorer {

    /** Batch shapes kept recorded; staged elimination needs two a stage, maps two a picture. */
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

    /** Records a batch's way from latent to errors, [P]. */
    abstract Tensor evaluate(Diffusion diffusion, PairBatch.Asked asked);

    /** Records a batch's way from latent to where the errors lie, [P, size, size]. */
    abstract Tensor evaluateMap(Diffusion diffusion, PairBatch.Asked asked);

    /** How the model knows the class of a prompt. */
    abstract int classOf(int prompt);

    /** x₀ of an image, [size, size, channels]. */
    abstract float[] latent(RgbImage image);

    /** What the model sees of an image: resized, the middle square cut out. */
    public abstract RgbImage seen(RgbImage image);

    /** Halves the batch until its activations fit into the device's memory, or it is one pair. */
    public void fitBatchToMemory() {
        long capacity = device.activationCapacity();
        while (batchSize > 1 && capacity < Long.MAX_VALUE && activations(batchSize) > capacity) {
            batchSize /= 2;
        }
    }

    /** Bytes that a batch takes at the most: each of its pairs of another trial. */
    private long activations(int pairs) {
        try (PairBatch batch = record(pairs, pairs, false)) {
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
        var errors = new float[round.trials().size()][round.prompts().size()];
        forEachPair(round, false, (trial, prompt, evaluated, at) -> errors[trial][prompt] = evaluated[at]);
        return errors;
    }

    /**
     * Where the errors lie: ℓ(ε − ε̂) at each place of the latent, mean over its channels and over the round's trials.
     * For a variational bound, which has no value at a single place, (ε − ε̂)².
     *
     * @param round of one trial at least
     * @return [prompt][size · size], row-major
     */
    public double[][] errorMaps(Round round) {
        var maps = new double[round.prompts().size()][size() * size()];
        forEachPair(round, true, (trial, prompt, evaluated, at) -> {
            for (int i = 0; i < maps[prompt].length; i++) {
                maps[prompt][i] += evaluated[at + i] / (double) round.trials().size();
            }
        });
        return maps;
    }

    /** Height and width of the latent. */
    public int size() {
        return x0.dim(0);
    }

    /** Gets what was evaluated for a pair: the numbers from {@code at} on. */
    @FunctionalInterface
    private interface PairConsumer {

        void accept(int trial, int prompt, float[] evaluated, int at);
    }

    private void forEachPair(Round round, boolean maps, PairConsumer consumer) {
        int across = round.prompts().size();
        int pairs = round.trials().size() * across;
        for (int from = 0; from < pairs; from += batchSize) {
            int count = Math.min(batchSize, pairs - from);
            int firstTrial = from / across;
            int trials = (from + count - 1) / across - firstTrial + 1;
            float[] evaluated = batch(trials, count, maps).run(round, from, this::classOf);
            int each = evaluated.length / count;
            for (int i = 0; i < evaluated.length; i++) {
                if (!Float.isFinite(evaluated[i])) {
                    throw new InputException("the model's prediction for prompt "
                            + round.prompts().get((from + i / each) % across) + " is not a number: are its weights "
                            + "damaged, or beyond the range of " + device.dtype() + "?");
                }
            }
            for (int i = 0; i < count; i++) {
                consumer.accept((from + i) / across, (from + i) % across, evaluated, i * each);
            }
        }
    }

    private PairBatch batch(int trials, int pairs, boolean maps) {
        PairBatch batch = batches.computeIfAbsent(trials + "x" + pairs + (maps ? " maps" : ""),
                shape -> record(trials, pairs, maps));
        if (batches.size() > GRAPHS) {
            var eldest = batches.entrySet().iterator();
            eldest.next().getValue().close();
            eldest.remove();
        }
        return batch;
    }

    private PairBatch record(int trials, int pairs, boolean maps) {
        return new PairBatch(device, schedule, x0, seed, trials, pairs,
                asked -> maps ? evaluateMap(diffusion, asked) : evaluate(diffusion, asked));
    }

    @Override
    public void close() {
        batches.values().forEach(PairBatch::close);
        device.release(x0);
    }
}
