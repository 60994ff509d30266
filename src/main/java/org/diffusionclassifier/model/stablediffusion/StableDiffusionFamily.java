package org.diffusionclassifier.model.stablediffusion;

import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;

/**
 * Stable Diffusion 1.x and 2.x and what was distilled from them: a UNet, conditioned on captions that one text encoder has
 * encoded.
 */
public final class StableDiffusionFamily implements ModelFamily {

    @Override
    public String name() {
        return "Stable Diffusion";
    }

    @Override
    public List<String> components() {
        return List.of(StableDiffusionConfig.TEXT_ENCODER, UNetParts.VAE, UNetParts.UNET);
    }

    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(UNetParts.UNET);
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        return StableDiffusionConfig.read(checkpoint).layout();
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return StableDiffusionConfig.read(checkpoint).parts().latents();
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        StableDiffusionConfig config = StableDiffusionConfig.read(checkpoint);
        return new StableDiffusion(checkpoint, config.parts(), device,
                unet -> new CaptionConditioner(checkpoint, config.textEncoder(), unet, device));
    }
}
