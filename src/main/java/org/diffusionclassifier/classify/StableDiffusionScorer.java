package org.diffusionclassifier.classify;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.InputException;

/**
 * Scores prompts by a text-conditional model. Pairs are batched trial by trial, across prompts and timesteps, so that
 * every batch but a round's last is full and what prompts share is computed once a trial.
 */
public final class StableDiffusionScorer implements Scorer {

    /** Batch shapes kept recorded; staged elimination needs two a stage. */
    private static final int GRAPHS = 16;

    private final StableDiffusion model;
    private final Device device;
    private final Loss loss;
    private final Diffusion diffusion;
    private final int[] seed;
    private int batchSize;
    private final int prompts;
    private final List<Tensor> context;
    private final Tensor x0;
    private final Map<String, PairBatch> batches = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * @param prompts   captions, one class each as far as this scorer knows
     * @param noise     its table, if given, holds [N, h, w, c] of the model's latent
     * @param batchSize pairs evaluated at once, at least 1
     */
    public StableDiffusionScorer(StableDiffusion model, Device device, List<String> prompts, Noise noise, Loss loss,
                                 int batchSize) {
        this.model = model;
        this.device = device;
        this.loss = loss;
        this.diffusion = device.diffusion(noise instanceof Noise.Given given ? given.table() : null);
        this.seed = Philox.key(noise instanceof Noise.Seeded seeded ? seeded.seed() : 0);
        this.batchSize = batchSize;
        this.prompts = prompts.size();
        this.context = model.context(prompts);
        int size = model.source().unet().sampleSize();
        this.x0 = device.tensor(DType.F32, size, size, model.source().unet().inChannels());
    }

    /** Halves the batch until its activations fit into the device's memory, or it is one pair. */
    public void fitBatchToMemory() {
        long capacity = device.activationCapacity();
        while (batchSize > 1 && capacity < Long.MAX_VALUE && activations(batchSize) > capacity) {
            batchSize /= 2;
        }
    }

    /** Bytes that a batch takes at the most: each of its pairs of another trial. */
    private long activations(int pairs) {
        try (var batch = new PairBatch(this, pairs, pairs)) {
            return batch.arenaBytes();
        }
    }

    public int batchSize() {
        return batchSize;
    }

    @Override
    public int prompts() {
        return prompts;
    }

    @Override
    public int timesteps() {
        return model.schedule().timesteps();
    }

    @Override
    public void show(RgbImage image) {
        device.write(x0, model.latent(image));
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
            float[] evaluated = batch(trials, count).run(round, from);
            for (int i = 0; i < count; i++) {
                if (!Float.isFinite(evaluated[i])) {
                    throw new InputException("the model's prediction for prompt " + round.prompts().get((from + i) % across)
                            + " is not a number: are its weights damaged, or beyond the range of "
                            + device.dtype() + "?");
                }
                errors[(from + i) / across][(from + i) % across] = evaluated[i];
            }
        }
        return errors;
    }

    private PairBatch batch(int trials, int pairs) {
        PairBatch batch = batches.computeIfAbsent(trials + "x" + pairs, shape -> new PairBatch(this, trials, pairs));
        if (batches.size() > GRAPHS) {
            var eldest = batches.entrySet().iterator();
            eldest.next().getValue().close();
            eldest.remove();
        }
        return batch;
    }

    StableDiffusion model() {
        return model;
    }

    Device device() {
        return device;
    }

    Diffusion diffusion() {
        return diffusion;
    }

    /** The seed's two words. */
    int[] seed() {
        return seed;
    }

    Loss loss() {
        return loss;
    }

    List<Tensor> context() {
        return context;
    }

    Tensor x0() {
        return x0;
    }

    @Override
    public void close() {
        batches.values().forEach(PairBatch::close);
        context.forEach(device::release);
        device.release(x0);
    }
}
