package org.diffusionclassifier.config;

import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/** The configuration of a Stable Diffusion model, part by part. */
public record StableDiffusionConfig(UNetConfig unet, VaeConfig vae, ClipTextConfig textEncoder,
                                    ScheduleConfig schedule) {

    /** What {@link #toDiffusers} made. */
    public static StableDiffusionConfig read(JsonConfig json) {
        return new StableDiffusionConfig(UNetConfig.read(json.part("unet")), VaeConfig.read(json.part("vae")),
                ClipTextConfig.read(json.part("text_encoder")), ScheduleConfig.read(json.part("scheduler")));
    }

    /** Each part's in diffusers' and transformers' words, by the name of its folder there. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("unet", unet.toDiffusers());
        json.put("vae", vae.toDiffusers());
        json.put("text_encoder", textEncoder.toTransformers());
        json.put("scheduler", schedule.toDiffusers());
        return json;
    }

    /** @throws InputException unless the widths at which the parts meet are the same */
    public void requireThatPartsFit(String source) {
        requireEqual(source, "width of the UNet's context", unet.crossAttentionDim(), "the text encoder",
                textEncoder.width());
        requireEqual(source, "input channels of the UNet", unet.inChannels(), "the VAE's latent",
                vae.latentChannels());
        requireEqual(source, "output channels of the UNet", unet.outChannels(), "the VAE's latent",
                vae.latentChannels());
        requireEqual(source, "input channels of the VAE", vae.inChannels(), "an RGB image", 3);
    }

    static void requireEqual(String source, String what, int found, String other, int expected) {
        if (found != expected) {
            throw new InputException(source + ": " + what + ": expected " + expected + " as " + other + " has, found "
                    + found);
        }
    }
}
