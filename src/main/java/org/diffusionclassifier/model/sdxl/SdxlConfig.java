package org.diffusionclassifier.model.sdxl;

import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.model.stablediffusion.UNetParts;
import org.diffusionclassifier.model.text.ClipPair;
import org.diffusionclassifier.model.text.TokenizerPair;
import org.diffusionclassifier.tensor.InputException;

/**
 * The configuration of an SDXL, part by part.
 *
 * @param textEncoder  CLIP ViT-L/14's
 * @param textEncoder2 OpenCLIP ViT-bigG/14's, whose projected end token is the caption's vector
 * @param zerosForNone whether zeros stand for no caption, rather than what the text encoders make of the empty one
 */
record SdxlConfig(ClipTextConfig textEncoder, ClipTextConfig textEncoder2, UNetParts parts, boolean zerosForNone) {

    private static final String ZEROS_FOR_NONE = "force_zeros_for_empty_prompt";

    static final String TEXT_ENCODER = ClipPair.FIRST;
    static final String TEXT_ENCODER_2 = ClipPair.SECOND;

    /** @throws InputException if a part is missing or not supported, or parts do not fit each other */
    static SdxlConfig read(Checkpoint checkpoint) {
        UNetParts parts = UNetParts.read(checkpoint);
        JsonConfig unet = checkpoint.component(UNetParts.UNET).config();
        if (!checkpoint.components().contains(TEXT_ENCODER)) {
            throw new InputException(checkpoint.source() + ": expected both text encoders of SDXL, found no "
                    + TEXT_ENCODER + ", as in SDXL's refiner, which continues what another model began: take the base "
                    + "model");
        }
        JsonConfig text = checkpoint.component(TEXT_ENCODER).config();
        JsonConfig text2 = checkpoint.component(TEXT_ENCODER_2).config();
        var config = new SdxlConfig(ClipTextConfig.read(text), ClipTextConfig.read(text2), parts,
                !JsonConfig.isOff(checkpoint.index().get(ZEROS_FOR_NONE)));
        if (config.textEncoder2.projection() == 0) {
            throw text2.unsupported("architectures", "[\"CLIPTextModelWithProjection\"]");
        }
        UNetConfig.Added added = parts.unet().added();
        if (added == null) {
            throw unet.unsupported("addition_embed_type", "text_time, as there are two text encoders");
        }
        unet.requireSame("cross_attention_dim", parts.unet().crossAttentionDim(), text, "hidden_size, with that in "
                + text2.source() + ",", config.textEncoder.width() + config.textEncoder2.width());
        unet.requireSame("projection_class_embeddings_input_dim", added.width(), text2, "projection_dim and "
                + UNetConfig.Added.SIZES + " times addition_time_embed_dim", config.textEncoder2.projection()
                + UNetConfig.Added.SIZES * added.sizeWidth());
        text2.requireSame("max_position_embeddings", config.textEncoder2.maxPositions(), text,
                "max_position_embeddings", config.textEncoder.maxPositions());
        return config;
    }

    Layout layout() {
        var configurations = new LinkedHashMap<String, Object>(parts.configurations());
        configurations.put(TEXT_ENCODER, textEncoder.toTransformers());
        configurations.put(TEXT_ENCODER_2, textEncoder2.toTransformers());
        if (zerosForNone) {
            configurations.put(ZEROS_FOR_NONE, true);
        }
        return new Layout(configurations, List.of(
                new Layout.Part(TEXT_ENCODER, NetworkTensors.textEncoder(textEncoder)),
                new Layout.Part(TEXT_ENCODER_2, NetworkTensors.textEncoder(textEncoder2)),
                new Layout.Part(UNetParts.VAE, NetworkTensors.vae(parts.vae())),
                new Layout.Part(UNetParts.UNET, NetworkTensors.unet(parts.unet()))),
                List.of(TokenizerPair.FIRST, TokenizerPair.SECOND));
    }
}
