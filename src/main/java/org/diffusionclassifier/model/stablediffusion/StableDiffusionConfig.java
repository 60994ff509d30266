package org.diffusionclassifier.model.stablediffusion;

import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.tensor.InputException;

/** The configuration of a Stable Diffusion model, part by part. */
record StableDiffusionConfig(ClipTextConfig textEncoder, UNetParts parts) {

    static final String TEXT_ENCODER = "text_encoder";
    static final String TOKENIZER = "tokenizer";

    /** @throws InputException if a part is missing or not supported, or parts do not fit each other */
    static StableDiffusionConfig read(Checkpoint checkpoint) {
        UNetParts parts = UNetParts.read(checkpoint);
        JsonConfig text = checkpoint.component(TEXT_ENCODER).config();
        JsonConfig unet = checkpoint.component(UNetParts.UNET).config();
        var config = new StableDiffusionConfig(ClipTextConfig.read(text), parts);
        unet.requireSame("cross_attention_dim", parts.unet().crossAttentionDim(), text, "hidden_size",
                config.textEncoder.width());
        return config;
    }

    Layout layout() {
        var configurations = new LinkedHashMap<String, Object>(parts.configurations());
        configurations.put(TEXT_ENCODER, textEncoder.toTransformers());
        return new Layout(configurations, List.of(
                new Layout.Part(TEXT_ENCODER, NetworkTensors.textEncoder(textEncoder)),
                new Layout.Part(UNetParts.VAE, NetworkTensors.vae(parts.vae())),
                new Layout.Part(UNetParts.UNET, NetworkTensors.unet(parts.unet()))), List.of(TOKENIZER));
    }
}
