package org.diffusionclassifier.model.stablediffusion;

import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.tensor.InputException;

/** Stable Diffusion 1.x and 2.x: a UNet, conditioned on captions that one text encoder has encoded. */
public final class StableDiffusionFamily implements ModelFamily {

    @Override
    public String name() {
        return "Stable Diffusion";
    }

    @Override
    public List<String> components() {
        return List.of(StableDiffusionConfig.TEXT_ENCODER, StableDiffusionConfig.VAE, StableDiffusionConfig.UNET);
    }

    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(StableDiffusionConfig.UNET);
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        if (checkpoint.spec().labels() != null) {
            throw InputException.of("%s: expected with a model that is conditioned on labels, a DiT, as others are on "
                    + "captions", InputException.field("labels"));
        }
        return StableDiffusionConfig.read(checkpoint).layout();
    }

    @Override
    public Optional<List<String>> labels(Checkpoint checkpoint) {
        return Optional.empty();
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return StableDiffusionConfig.read(checkpoint).latents();
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        return new StableDiffusion(checkpoint, device);
    }
}
