package org.diffusionclassifier.model.stablediffusion;

import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.InputException;

/** The configuration of what all models with a UNet have: all but the encoders of captions. */
public record UNetParts(VaeConfig vae, UNetConfig unet, ScheduleConfig schedule) {

    public static final String VAE = Checkpoint.VAE;
    public static final String UNET = "unet";

    /** Channels of latent, mask and masked image: what an inpainting UNet takes. */
    private static final int INPAINTING_CHANNELS = 9;

    /**
     * @throws InputException if a part is missing or not supported, or parts do not fit each other; if the specification
     *                        has what only a DiT has a use for
     */
    public static UNetParts read(Checkpoint checkpoint) {
        checkpoint.spec().refuseLabels();
        JsonConfig vae = checkpoint.component(VAE).config();
        JsonConfig unet = checkpoint.component(UNET).config();
        var parts = new UNetParts(VaeConfig.read(vae), UNetConfig.read(unet),
                ScheduleConfig.read(checkpoint.scheduler()));
        int latent = parts.vae.latentChannels();
        if (parts.unet.inChannels() == INPAINTING_CHANNELS && latent < INPAINTING_CHANNELS) {
            throw unet.unsupported("in_channels", latent + ", as the latent has: this is a model for inpainting; take the "
                    + "one that it was made from");
        }
        unet.requireSame("in_channels", parts.unet.inChannels(), vae, "latent_channels", latent);
        unet.requireSame("out_channels", parts.unet.outChannels(), vae, "latent_channels", latent);
        if (parts.vae.inChannels() != 3) {
            throw vae.unsupported("in_channels", "3, as images are RGB");
        }
        return parts;
    }

    public Latents latents() {
        return new Latents(NoiseProcess.of(schedule), unet.sampleSize(), unet.inChannels(), false);
    }

    /** For a {@link Layout}. */
    public Map<String, Object> configurations() {
        var configurations = new LinkedHashMap<String, Object>();
        configurations.put(UNET, unet.toDiffusers());
        configurations.put(VAE, vae.toDiffusers());
        configurations.put(Layout.SCHEDULER, schedule.toDiffusers());
        return configurations;
    }
}
