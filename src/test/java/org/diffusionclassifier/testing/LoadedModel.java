package org.diffusionclassifier.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;

/** A model of whichever family on a device, with the conditionings that its scorers have; all closed together. */
public final class LoadedModel implements AutoCloseable {

    private final Checkpoint checkpoint;
    private final LatentModel model;
    private final List<Conditioning> conditionings = new ArrayList<>();

    private LoadedModel(Checkpoint checkpoint, Device device) {
        this.checkpoint = checkpoint;
        this.model = ModelFamily.of(checkpoint).load(checkpoint, device);
    }

    public static LoadedModel of(Path path, Device device) {
        return of(ModelSpec.of(path), device);
    }

    public static LoadedModel of(ModelSpec spec, Device device) {
        return new LoadedModel(Checkpoint.open(spec), device);
    }

    public LatentModel model() {
        return model;
    }

    /** x₀ of an image, [h, w, c], row-major. */
    public float[] latent(RgbImage image) {
        return model.device().read(model.latent(image));
    }

    /** @param prompts captions, or numbers of labels */
    public LatentScorer scorer(List<String> prompts, Noise noise, Objective objective, int batchSize) {
        return scorer(prompts, noise, model.latents(), objective, batchSize);
    }

    /** @param latents the model's, which may measure errors in something else */
    public LatentScorer scorer(List<String> prompts, Noise noise, Latents latents, Objective objective, int batchSize) {
        var conditioning = model.conditioner().encode(prompts);
        conditionings.add(conditioning);
        return new LatentScorer(model, latents, conditioning, noise, objective, batchSize);
    }

    @Override
    public void close() {
        conditionings.forEach(Conditioning::close);
        model.close();
        checkpoint.close();
    }
}
