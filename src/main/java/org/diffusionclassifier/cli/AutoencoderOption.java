package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.diffusionclassifier.checkpoint.DitDirectory;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** Whether a model is a DiT, and the autoencoder that goes with it. */
final class AutoencoderOption {

    @Option(names = "--vae", paramLabel = "DIR",
            description = "For a DiT: its autoencoder, as diffusers writes one. Needed with one file in the original "
                    + "naming; a directory may have its own.")
    private Path vae;

    /** Whether {@code model}, which may be null, is a DiT. */
    boolean isOfDit(Path model) {
        return model != null && (vae != null || DitSource.isOne(model));
    }

    /** @throws InputException if an autoencoder was given that does not go with {@code model}, which may be null */
    void check(Path model) {
        if (vae == null) {
            return;
        }
        if (model != null && ModelFile.isOne(model)) {
            throw new InputException("--vae: expected none with " + model + ", which has its autoencoder in it");
        }
        if (model == null || !Files.isRegularFile(model) && !DitDirectory.isOne(model)) {
            throw new InputException("--vae: expected with a DiT, as other models have their own");
        }
    }

    /** @throws InputException if it is no DiT, or lacks a part */
    DitSource open(Path model) {
        return DitSource.open(model, vae);
    }

    /** Adds what the errors depend on. */
    void describe(Map<String, String> settings) {
        if (vae != null) {
            settings.put("vae", vae.toAbsolutePath().normalize().toString());
        }
    }
}
