package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.config.ClassConditionalConfig;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A DiT as diffusers' {@code save_pretrained} lays out its DiTPipeline: model_index.json, which may name the labels
 * ({@code id2label}), and the folders transformer, vae and scheduler; the autoencoder may also be another. Configurations
 * are read and checked when it is opened, weights opened on demand.
 */
public final class DitDirectory implements DitSource {

    private static final String MODEL_INDEX = "model_index.json";
    private static final String SCHEDULER = "scheduler/scheduler_config.json";
    private static final String TRANSFORMER = "transformer/config.json";
    private static final String STEM = "diffusion_pytorch_model";

    private final Path root;
    private final ClassConditionalConfig config;
    private final VaeFolder vae;
    private final boolean ownVae;

    private DitDirectory(Path root, ClassConditionalConfig config, VaeFolder vae, boolean ownVae) {
        this.root = root;
        this.config = config;
        this.vae = vae;
        this.ownVae = ownVae;
    }

    /** Whether a directory is meant to be one, by the folder that no other model here has. */
    public static boolean isOne(Path root) {
        return Files.isDirectory(root.resolve("transformer"));
    }

    /** With its own autoencoder. @throws InputException if it lacks a part, or holds a model that is not supported */
    public static DitDirectory open(Path root) {
        return open(root, null);
    }

    /**
     * @param otherVae the folder of an autoencoder in diffusers' form to take instead of its own, or null
     * @throws InputException if it lacks a part, or holds a model that is not supported
     */
    public static DitDirectory open(Path root, Path otherVae) {
        if (!Files.exists(root.resolve(MODEL_INDEX))) {
            throw new InputException(root + ": expected a diffusers model directory, found no " + MODEL_INDEX);
        }
        for (String component : otherVae == null ? List.of("transformer", "vae", "scheduler")
                : List.of("transformer", "scheduler")) {
            if (!Files.isDirectory(root.resolve(component))) {
                throw new InputException(root + ": expected a DiT, found no folder " + component);
            }
        }
        var index = JsonConfig.read(root.resolve(MODEL_INDEX));
        index.expect("_class_name", "DiTPipeline");
        DitConfig transformer = DitConfig.read(root.resolve(TRANSFORMER));
        var vae = VaeFolder.open(otherVae == null ? root.resolve("vae") : otherVae);
        vae.requireFits(transformer, root.resolve(TRANSFORMER).toString());
        ScheduleConfig schedule = ScheduleConfig.read(root.resolve(SCHEDULER));
        ClassConditionalConfig.requireEpsilon(root.resolve(SCHEDULER).toString(), schedule);
        return new DitDirectory(root, new ClassConditionalConfig(transformer, vae.config(), schedule,
                ClassConditionalConfig.labelNames(index, transformer.labels())), vae, otherVae == null);
    }

    @Override
    public ClassConditionalConfig config() {
        return config;
    }

    @Override
    public Origin origin() {
        var files = new ArrayList<>(List.of(root.resolve(MODEL_INDEX), root.resolve(SCHEDULER),
                root.resolve(TRANSFORMER)));
        files.addAll(transformerFiles().files());
        if (ownVae) {
            files.addAll(vae.files());
        }
        return Origin.of(root, files);
    }

    @Override
    public Optional<Origin> vaeOrigin() {
        return ownVae ? Optional.empty() : Optional.of(vae.origin());
    }

    @Override
    public Weights transformerWeights() {
        return transformerFiles().open();
    }

    private WeightsFormat.Located transformerFiles() {
        return WeightsFormat.find(root.resolve("transformer"), STEM, STEM);
    }

    @Override
    public Weights vaeWeights() {
        return vae.weights();
    }
}
