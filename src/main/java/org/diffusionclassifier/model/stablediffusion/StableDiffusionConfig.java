package org.diffusionclassifier.model.stablediffusion;

import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.InputException;

/** The configuration of a Stable Diffusion model, part by part. */
record StableDiffusionConfig(ClipTextConfig textEncoder, VaeConfig vae, UNetConfig unet, ScheduleConfig schedule) {

    static final String TEXT_ENCODER = "text_encoder";
    static final String VAE = Checkpoint.VAE;
    static final String UNET = "unet";
    static final String TOKENIZER = "tokenizer";

    /** @throws InputException if a part is missing or not supported, or parts do not fit each other */
    static StableDiffusionConfig read(Checkpoint checkpoint) {
        if (checkpoint.spec().vae() != null) {
            throw InputException.of("%s: expected with a DiT, as other models have their own",
                    InputException.field("vae"));
        }
        JsonConfig text = checkpoint.component(TEXT_ENCODER).config();
        JsonConfig vae = checkpoint.component(VAE).config();
        JsonConfig unet = checkpoint.component(UNET).config();
        var config = new StableDiffusionConfig(ClipTextConfig.read(text), VaeConfig.read(vae), UNetConfig.read(unet),
                ScheduleConfig.read(checkpoint.scheduler()));
        int latent = config.vae.latentChannels();
        unet.requireSame("cross_attention_dim", config.unet.crossAttentionDim(), text, "hidden_size",
                config.textEncoder.width());
        unet.requireSame("in_channels", config.unet.inChannels(), vae, "latent_channels", latent);
        unet.requireSame("out_channels", config.unet.outChannels(), vae, "latent_channels", latent);
        if (config.vae.inChannels() != 3) {
            throw vae.unsupported("in_channels", "3, as images are RGB");
        }
        return config;
    }

    Latents latents() {
        return new Latents(NoiseProcess.of(schedule), unet.sampleSize(), unet.inChannels(), false);
    }

    Layout layout() {
        var configurations = new LinkedHashMap<String, Object>();
        configurations.put(UNET, unet.toDiffusers());
        configurations.put(VAE, vae.toDiffusers());
        configurations.put(TEXT_ENCODER, textEncoder.toTransformers());
        configurations.put(Layout.SCHEDULER, schedule.toDiffusers());
        return new Layout(configurations, List.of(
                new Layout.Part(TEXT_ENCODER, NetworkTensors.textEncoder(textEncoder)),
                new Layout.Part(VAE, NetworkTensors.vae(vae)),
                new Layout.Part(UNET, NetworkTensors.unet(unet))), List.of(TOKENIZER));
    }
}
