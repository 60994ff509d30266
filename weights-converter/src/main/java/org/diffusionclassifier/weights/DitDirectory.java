package org.diffusionclassifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

/**
 * A DiT as diffusers' {@code save_pretrained} lays out its DiTPipeline: model_index.json, which may name the labels
 * ({@code id2label}), and the folders transformer, vae and scheduler. Configurations are read and checked when it is
 * opened, weights opened on demand.
 */
public record DitDirectory(Path root, DitConfig transformer, VaeFolder autoencoder, ScheduleConfig schedule,
                           List<String> labelNames) implements DitSource {

    private static final String MODEL_INDEX = "model_index.json";
    private static final String STEM = "diffusion_pytorch_model";

    /** Whether a directory is meant to be one, by the folder that no other model here has. */
    public static boolean isOne(Path root) {
        return Files.isDirectory(root.resolve("transformer"));
    }

    /** @throws InputException if it lacks a part, or holds a model that is not supported */
    public static DitDirectory open(Path root) {
        if (!Files.exists(root.resolve(MODEL_INDEX))) {
            throw new InputException(root + ": expected a diffusers model directory, found no " + MODEL_INDEX);
        }
        for (String component : List.of("transformer", "vae", "scheduler")) {
            if (!Files.isDirectory(root.resolve(component))) {
                throw new InputException(root + ": expected a DiT, found no folder " + component);
            }
        }
        var index = JsonConfig.read(root.resolve(MODEL_INDEX));
        index.expect("_class_name", "DiTPipeline");
        Path transformerFile = root.resolve("transformer").resolve("config.json");
        DitConfig transformer = DitConfig.read(transformerFile);
        var vae = VaeFolder.open(root.resolve("vae"));
        vae.requireFits(transformer, transformerFile.toString());
        Path scheduleFile = root.resolve("scheduler").resolve("scheduler_config.json");
        ScheduleConfig schedule = ScheduleConfig.read(scheduleFile);
        if (schedule.prediction() != PredictionType.EPSILON) {
            throw new InputException(scheduleFile + ": prediction_type: expected epsilon, as a DiT predicts, found "
                    + "v_prediction");
        }
        return new DitDirectory(root, transformer, vae, schedule, labelNames(index, transformer.labels()));
    }

    /** {@code id2label}, by its keys "0", "1", …; every label has a name, or none has. */
    private static List<String> labelNames(JsonConfig index, int labels) {
        JsonNode id2label = index.get("id2label");
        if (JsonConfig.isOff(id2label)) {
            return List.of();
        }
        var names = new ArrayList<String>();
        for (int label = 0; label < labels; label++) {
            JsonNode name = id2label.path(Integer.toString(label));
            if (!name.isTextual() || id2label.size() != labels) {
                throw index.unsupported("id2label", "a name for each label from 0 to " + (labels - 1));
            }
            names.add(name.textValue());
        }
        return List.copyOf(names);
    }

    @Override
    public VaeConfig vae() {
        return autoencoder.config();
    }

    @Override
    public Weights transformerWeights() {
        return WeightsFormat.find(root.resolve("transformer"), STEM, STEM).open();
    }

    @Override
    public Weights vaeWeights() {
        return autoencoder.weights();
    }
}
