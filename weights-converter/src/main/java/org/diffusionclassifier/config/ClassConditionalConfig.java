package org.diffusionclassifier.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The configuration of a class-conditional diffusion transformer with its autoencoder, part by part.
 *
 * @param labelNames the name of each class, in the order of the labels; empty where the model has none
 */
public record ClassConditionalConfig(DitConfig transformer, VaeConfig vae, ScheduleConfig schedule,
                                     List<String> labelNames) {

    public ClassConditionalConfig {
        labelNames = List.copyOf(labelNames);
    }

    /** What {@link #toDiffusers} made. */
    public static ClassConditionalConfig read(JsonConfig json) {
        DitConfig transformer = DitConfig.read(json.part("transformer"));
        return new ClassConditionalConfig(transformer, VaeConfig.read(json.part("vae")),
                ScheduleConfig.read(json.part("scheduler")), labelNames(json, transformer.labels()));
    }

    /** {@code id2label}, by its keys "0", "1", …; every label has a name, or none has. */
    public static List<String> labelNames(JsonConfig json, int labels) {
        JsonNode id2label = json.get("id2label");
        if (JsonConfig.isOff(id2label)) {
            return List.of();
        }
        var names = new ArrayList<String>();
        for (int label = 0; label < labels; label++) {
            JsonNode name = id2label.path(Integer.toString(label));
            if (!name.isTextual() || id2label.size() != labels) {
                throw json.unsupported("id2label", "a name for each label from 0 to " + (labels - 1));
            }
            names.add(name.textValue());
        }
        return names;
    }

    /** Each part's in diffusers' words, by the name of its folder there, and the names as model_index.json has them. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("transformer", transformer.toDiffusers());
        json.put("vae", vae.toDiffusers());
        json.put("scheduler", schedule.toDiffusers());
        if (!labelNames.isEmpty()) {
            var id2label = new LinkedHashMap<String, String>();
            labelNames.forEach(name -> id2label.put(Integer.toString(id2label.size()), name));
            json.put("id2label", id2label);
        }
        return json;
    }

    /** @throws InputException unless the parts fit each other and what a DiT is */
    public void requireThatPartsFit(String source) {
        StableDiffusionConfig.requireEqual(source, "input channels of the transformer", transformer.inChannels(),
                "the VAE's latent", vae.latentChannels());
        StableDiffusionConfig.requireEqual(source, "input channels of the VAE", vae.inChannels(), "an RGB image", 3);
        requireEpsilon(source, schedule);
    }

    /** @throws InputException unless what is predicted is the noise */
    public static void requireEpsilon(String source, ScheduleConfig schedule) {
        if (schedule.prediction() != PredictionType.EPSILON) {
            throw new InputException(source + ": prediction_type: expected epsilon, as a DiT predicts, found "
                    + "v_prediction");
        }
    }
}
