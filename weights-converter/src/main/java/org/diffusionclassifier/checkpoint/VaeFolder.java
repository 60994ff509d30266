package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** A VAE by itself, as diffusers' {@code save_pretrained} lays it out: config.json and weights in one folder. */
public record VaeFolder(Path folder, VaeConfig config) {

    private static final String CONFIG = "config.json";
    private static final String STEM = "diffusion_pytorch_model";

    /** Whether a folder is meant to be one: it has a configuration, and no model's index. */
    public static boolean isOne(Path folder) {
        return Files.exists(folder.resolve(CONFIG)) && !Files.exists(folder.resolve("model_index.json"));
    }

    /** @throws InputException if there is none that is supported */
    public static VaeFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": expected the folder of a VAE, found "
                    + (Files.exists(folder) ? "a file" : "nothing"));
        }
        return new VaeFolder(folder, VaeConfig.read(folder.resolve(CONFIG)));
    }

    /** Under today's names, whichever version of diffusers wrote them. */
    public Weights weights() {
        return new LegacyVaeWeights(located().open());
    }

    private WeightsFormat.Located located() {
        return WeightsFormat.find(folder, STEM, STEM);
    }

    Origin origin() {
        return Origin.of(folder, files());
    }

    /** All that is read. */
    List<Path> files() {
        var files = new ArrayList<>(List.of(folder.resolve(CONFIG)));
        files.addAll(located().files());
        return files;
    }

    /** @throws InputException unless it encodes RGB images to latents of {@code transformer}'s channels */
    void requireFits(DitConfig transformer, String transformerFile) {
        Path file = folder.resolve(CONFIG);
        if (config.inChannels() != 3) {
            throw new InputException(file + ": in_channels = " + config.inChannels()
                    + " is not supported (expected 3, as images are RGB)");
        }
        if (config.latentChannels() != transformer.inChannels()) {
            throw new InputException(file + ": expected latent_channels = " + transformer.inChannels()
                    + " as the transformer of " + transformerFile + " takes, found " + config.latentChannels());
        }
    }
}
