package org.diffusionclassifier.model.sd3;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.model.text.ClipPair;
import org.diffusionclassifier.model.text.TokenizerPair;
import org.diffusionclassifier.tensor.InputException;

/**
 * The configuration of a Stable Diffusion 3, part by part.
 *
 * @param t5 null where there is none, or none is wanted
 */
record Sd3Config(ClipTextConfig textEncoder, ClipTextConfig textEncoder2, T5Config t5, VaeConfig vae,
                 MmditConfig transformer, FlowConfig schedule) {

    static final String TEXT_ENCODER_3 = "text_encoder_3";
    static final String TOKENIZER_3 = "tokenizer_3";
    static final String VAE = Checkpoint.VAE;
    static final String TRANSFORMER = "transformer";

    /** @throws InputException if a part is missing or not supported, or parts do not fit each other */
    static Sd3Config read(Checkpoint checkpoint) {
        checkpoint.spec().refuseLabels();
        if (checkpoint.spec().predicts() != null) {
            throw InputException.of("%s: expected none with Stable Diffusion 3, which predicts a velocity",
                    InputException.field("predicts"));
        }
        JsonConfig transformer = checkpoint.component(TRANSFORMER).config();
        JsonConfig vae = checkpoint.component(VAE).config();
        boolean hasT5 = checkpoint.spec().textEncoders().t5() && checkpoint.components().contains(TEXT_ENCODER_3);
        var config = new Sd3Config(clip(checkpoint, ClipPair.FIRST), clip(checkpoint, ClipPair.SECOND),
                hasT5 ? T5Config.read(checkpoint.component(TEXT_ENCODER_3).config()) : null, VaeConfig.read(vae),
                MmditConfig.read(transformer), FlowConfig.read(checkpoint.scheduler()));
        vae.requireSame("latent_channels", config.vae.latentChannels(), transformer, "in_channels",
                config.transformer.inChannels());
        if (config.vae.inChannels() != 3) {
            throw vae.unsupported("in_channels", "3, as images are RGB");
        }
        config.requireThatTextFits(checkpoint, transformer);
        return config;
    }

    private static ClipTextConfig clip(Checkpoint checkpoint, String name) {
        if (!checkpoint.components().contains(name)) {
            throw InputException.of("%s: expected a folder with text_encoder, text_encoder_2 and their tokenizers, as "
                    + checkpoint.source() + " has no " + name + " in it", InputException.field("textEncoders"));
        }
        JsonConfig json = checkpoint.component(name).config();
        ClipTextConfig config = ClipTextConfig.read(json);
        if (config.projection() == 0) {
            throw json.unsupported("architectures", "[\"CLIPTextModelWithProjection\"]");
        }
        return config;
    }

    private void requireThatTextFits(Checkpoint checkpoint, JsonConfig json) {
        JsonConfig text2 = checkpoint.component(ClipPair.SECOND).config();
        int states = textEncoder.width() + textEncoder2.width();
        if (states > transformer.contextWidth()) {
            throw json.unsupported("joint_attention_dim", "at least " + states + ", as both of CLIP's text encoders have "
                    + "side by side");
        }
        json.requireSame("pooled_projection_dim", transformer.vectorWidth(), text2, "projection_dim, with that of "
                + ClipPair.FIRST + ",", textEncoder.projection() + textEncoder2.projection());
        text2.requireSame("max_position_embeddings", textEncoder2.maxPositions(),
                checkpoint.component(ClipPair.FIRST).config(), "max_position_embeddings", textEncoder.maxPositions());
        if (t5 != null) {
            json.requireSame("joint_attention_dim", transformer.contextWidth(),
                    checkpoint.component(TEXT_ENCODER_3).config(), "d_model", t5.width());
        }
    }

    Latents latents() {
        return new Latents(NoiseProcess.of(schedule), transformer.sampleSize(), transformer.inChannels(), false);
    }

    Layout layout() {
        var configurations = new LinkedHashMap<String, Object>();
        configurations.put(TRANSFORMER, transformer.toDiffusers());
        configurations.put(VAE, vae.toDiffusers());
        configurations.put(Layout.SCHEDULER, schedule.toDiffusers());
        configurations.put(ClipPair.FIRST, textEncoder.toTransformers());
        configurations.put(ClipPair.SECOND, textEncoder2.toTransformers());
        var parts = new ArrayList<>(List.of(
                new Layout.Part(ClipPair.FIRST, NetworkTensors.textEncoder(textEncoder)),
                new Layout.Part(ClipPair.SECOND, NetworkTensors.textEncoder(textEncoder2))));
        var tokenizers = new ArrayList<>(List.of(TokenizerPair.FIRST, TokenizerPair.SECOND));
        if (t5 != null) {
            configurations.put(TEXT_ENCODER_3, t5.toTransformers());
            parts.add(new Layout.Part(TEXT_ENCODER_3, NetworkTensors.textEncoder(t5)));
            tokenizers.add(TOKENIZER_3);
        }
        parts.add(new Layout.Part(VAE, NetworkTensors.vae(vae)));
        parts.add(new Layout.Part(TRANSFORMER, NetworkTensors.transformer(transformer)));
        return new Layout(configurations, parts, tokenizers);
    }
}
