package org.diffusionclassifier;

import java.util.List;
import java.util.function.Consumer;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.PredictionTrial;

/**
 * A model's networks on a device, and the scorers made of them. The first scorer's captions are encoded before the other
 * networks are loaded, so that the text encoder and these are never there at the same time.
 */
final class Networks implements AutoCloseable {

    /** Most pairs in a batch whose size is not given. */
    private static final int LARGEST_DEFAULT_BATCH = 64;

    private final LatentModel model;
    private final Device device;
    private final WeightsBudget budget;
    private final Consumer<String> log;
    private boolean loaded;

    Networks(LatentModel model, WeightsBudget budget, Consumer<String> log) {
        this.model = model;
        this.device = model.device();
        this.budget = budget;
        this.log = log;
    }

    /**
     * A scorer with what it draws on.
     *
     * @param scorer its prompts in the order of their texts
     */
    record Opened(LatentScorer scorer, Conditioning conditioning, Noise noise, Device device) implements AutoCloseable {

        @Override
        public void close() {
            scorer.close();
            conditioning.close();
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
        Latents latents = trials.target() == null ? model.latents() : model.latents().measuring(trials.target());
        Noise noise = trials.noise() == null ? new Noise.Seeded(trials.seed())
                : Noise.Given.read(trials.noise(), device, latents.size(), latents.channels(), noises);
        int pairs = batchSize != null ? batchSize : Math.max(1,
                Math.min(LARGEST_DEFAULT_BATCH, device.latentPixelsABatch() / (latents.size() * latents.size())));
        Conditioning conditioning = model.conditioner().encode(prompts);
        if (!loaded) {
            loaded = true;
            log.accept("model loaded" + (budget.isUnlimited() ? "" : ", " + budget));
        }
        var scorer = new LatentScorer(model, latents, conditioning, noise, trials.loss(),
                trials.factors(latents.noise()), pairs);
        if (batchSize == null) {
            scorer.fitBatchToMemory();
        }
        log.accept(prompts.size() + " prompts, batches of " + scorer.batchSize() + " pairs");
        return new Opened(scorer, conditioning, noise, device);
    }

    /** What the model predicts, tried on an image with the first of a scorer's prompts. */
    PredictionTrial predictionTrial(NoiseProcess other, Opened opened, RgbImage image) {
        return PredictionTrial.of(model, other, opened.conditioning, image);
    }

    @Override
    public void close() {
        model.close();
    }
}
