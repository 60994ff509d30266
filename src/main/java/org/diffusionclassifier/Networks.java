package org.diffusionclassifier;

import java.util.List;
import java.util.function.Consumer;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.model.ClassConditional;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.score.DitScorer;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.StableDiffusionScorer;

/**
 * A model's networks on a device, and the scorers made of them: the only place above {@code model} and {@code score}
 * that knows which family a model is of. The first scorer's captions are encoded before the other networks are loaded, so
 * that the text encoder and these are never there at the same time.
 */
final class Networks implements AutoCloseable {

    /** The largest default batch, in pairs. */
    private static final int LARGEST_DEFAULT_BATCH = 64;

    private final OpenedCheckpoint checkpoint;
    private final Device device;
    private final WeightsBudget budget;
    private final Consumer<String> log;
    private StableDiffusion captioned;
    private ClassConditional labelled;

    Networks(OpenedCheckpoint checkpoint, Device device, WeightsBudget budget, Consumer<String> log) {
        this.checkpoint = checkpoint;
        this.device = device;
        this.budget = budget;
        this.log = log;
    }

    /**
     * A scorer and the noise that it draws on.
     *
     * @param scorer its prompts in the order of their texts
     */
    record Opened(LatentScorer scorer, Noise noise, Device device) implements AutoCloseable {

        @Override
        public void close() {
            scorer.close();
            if (noise instanceof Noise.Given given) {
                device.release(given.table());
            }
        }
    }

    /**
     * Makes a scorer, and loads the networks if they are not there yet.
     *
     * @param prompts   captions, or numbers of labels
     * @param noises    how many the trials use
     * @param batchSize pairs evaluated at once; null to choose by the latent's size, the device and its free memory
     */
    Opened open(List<String> prompts, TrialSpec trials, int noises, Integer batchSize) {
        int size = checkpoint.latentSize();
        Noise noise = trials.noise() == null ? new Noise.Seeded(trials.seed())
                : Noise.Given.read(trials.noise(), device, size, checkpoint.latentChannels(), noises);
        int pairs = batchSize != null ? batchSize : Math.max(1,
                Math.min(LARGEST_DEFAULT_BATCH, device.latentPixelsABatch() / (size * size)));
        var opened = new Opened(scorer(prompts, noise, trials.loss(), pairs), noise, device);
        if (batchSize == null) {
            opened.scorer.fitBatchToMemory();
        }
        log.accept(prompts.size() + " prompts, batches of " + opened.scorer.batchSize() + " pairs");
        return opened;
    }

    private LatentScorer scorer(List<String> prompts, Noise noise, Objective loss, int batchSize) {
        if (checkpoint.labelled() != null) {
            if (labelled == null) {
                labelled = new ClassConditional(checkpoint.labelled(), device);
                sayLoaded();
            }
            return new DitScorer(labelled, device, prompts.stream().map(Integer::valueOf).toList(), noise, loss,
                    batchSize);
        }
        if (captioned == null) {
            captioned = StableDiffusion.load(checkpoint.captioned(), device, prompts);
            sayLoaded();
        }
        return new StableDiffusionScorer(captioned, device, prompts, noise, loss.loss(), batchSize);
    }

    private void sayLoaded() {
        log.accept("model loaded" + (budget.isUnlimited() ? "" : ", " + budget));
    }

    @Override
    public void close() {
        if (captioned != null) {
            captioned.close();
        }
        if (labelled != null) {
            labelled.close();
        }
    }
}
