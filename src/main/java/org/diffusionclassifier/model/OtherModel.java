package org.diffusionclassifier.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.regex.Pattern;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.tensor.InputException;

/**
 * Models that people have and no family here is for, known by the class of the denoising network in diffusers'
 * configurations. They are refused by their names, with what to take instead, before a family misses a part of its own.
 */
enum OtherModel {
    FLUX("Flux.*", "Flux", OtherModel.INSTEAD),
    CONTROL_NET(".*ControlNet.*|T2IAdapter", "a ControlNet, which steers another model", "the model that it was made for"),
    VIDEO(".*(3D|Video|Motion|SpatioTemporal).*", "a model of videos", OtherModel.INSTEAD),
    CASCADE("StableCascade.*|Wuerstchen.*", "Stable Cascade", OtherModel.INSTEAD),
    TRANSFORMER("(PixArt|Sana|Hunyuan|AuraFlow|Lumina|QwenImage|CogView|Chroma|HiDream|OmniGen).*",
            "a transformer conditioned on captions", OtherModel.INSTEAD);

    private static final String INSTEAD = "a model of Stable Diffusion 1, 2 or 3, SDXL or DiT";
    private static final List<String> NETWORKS = List.of("unet", "transformer", "decoder");

    private final Pattern classes;
    private final String what;
    private final String instead;

    OtherModel(String classes, String what, String instead) {
        this.classes = Pattern.compile(classes);
        this.what = what;
        this.instead = instead;
    }

    /** @throws InputException if the checkpoint is one of these, or its weights are quantised */
    static void refuse(Checkpoint checkpoint) {
        for (String network : NETWORKS) {
            if (checkpoint.components().contains(network)) {
                refuse(checkpoint.component(network).config());
            }
        }
    }

    private static void refuse(JsonConfig network) {
        String name = network.get("_class_name").asText();
        for (OtherModel other : values()) {
            if (other.classes.matcher(name).matches()) {
                throw new InputException(network.source() + ": " + name + " is " + other.what
                        + ", which is not supported: take " + other.instead);
            }
        }
        JsonNode quantised = network.get("quantization_config");
        if (!JsonConfig.isOff(quantised)) {
            throw new InputException(network.source() + ": its weights are quantised by "
                    + InputException.quoted(quantised.path("quant_method").asText("some method"))
                    + ": take the model's 16-bit weights");
        }
    }
}
