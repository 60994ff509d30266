package org.diffusionclassifier.model.sdxl;

import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.stablediffusion.StableDiffusion;
import org.diffusionclassifier.model.stablediffusion.UNetParts;

/**
 * SDXL and what was distilled from it: a UNet, conditioned on captions that two text encoders have encoded, and on size
 * and crop of a training image. (Podell et al., 2023, arXiv 2307.01952.)
 */
public final class SdxlFamily implements ModelFamily {

    @Override
    public String name() {
        return "SDXL";
    }

    @Override
    public List<String> components() {
        return List.of(SdxlConfig.TEXT_ENCODER, SdxlConfig.TEXT_ENCODER_2, UNetParts.VAE, UNetParts.UNET);
    }

    /** By its second text encoder, or by what its UNet adds to the embedding of the time. */
    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(UNetParts.UNET)
                && (checkpoint.components().contains(SdxlConfig.TEXT_ENCODER_2)
                || !JsonConfig.isOff(checkpoint.component(UNetParts.UNET).config().get("addition_embed_type")));
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        return SdxlConfig.read(checkpoint).layout();
    }

    /** Zeros, where the model says so: it was trained with them, and not with the empty caption. */
    @Override
    public String unconditional(Checkpoint checkpoint) {
        return SdxlConfig.read(checkpoint).zerosForNone() ? SdxlConditioner.ZEROS : "";
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return SdxlConfig.read(checkpoint).parts().latents();
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        SdxlConfig config = SdxlConfig.read(checkpoint);
        return new StableDiffusion(checkpoint, config.parts(), device,
                unet -> new SdxlConditioner(checkpoint, config, unet, device));
    }
}
