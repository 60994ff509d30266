package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.diffusionclassifier.data.ClassLabels;
import org.diffusionclassifier.weights.DitCheckpoint;
import org.diffusionclassifier.weights.DitDirectory;
import org.diffusionclassifier.weights.DitSource;
import org.diffusionclassifier.weights.InputException;
import picocli.CommandLine.Option;

/** A model that is told labels rather than captions: a DiT. */
final class ClassConditionalOptions {

    @Option(names = "--vae", paramLabel = "DIR",
            description = "For a DiT as one file in the original naming: its autoencoder, as diffusers writes one.")
    private Path vae;

    @Option(names = "--labels", paramLabel = "FILE",
            description = "For a DiT: the names of its labels, one a line. Default: the model's own, else numbers.")
    private Path labels;

    /** Whether {@code model}, which may be null, is one. */
    boolean isOne(Path model) {
        return model != null && (vae != null || DitDirectory.isOne(model));
    }

    /** @throws InputException for what does not go with {@code model}, which may be null */
    void check(Path model) {
        if (vae != null && (model == null || !Files.isRegularFile(model))) {
            throw new InputException("--vae: expected with a --model that is a DiT as one file, as others have their "
                    + "own");
        }
        if (labels != null && !isOne(model)) {
            throw new InputException("--labels: expected with a --model that is a DiT, as others are told captions");
        }
    }

    /** @throws InputException if it is none, or lacks a part */
    DitSource open(Path model) {
        return vae == null ? DitDirectory.open(model) : new DitCheckpoint(model, vae);
    }

    /** @throws InputException if the file of names is not one of this model's */
    ClassLabels labels(DitSource model) {
        int count = model.transformer().labels();
        if (labels != null) {
            return ClassLabels.read(labels, count);
        }
        return model.labelNames().isEmpty() ? ClassLabels.numbered(count) : new ClassLabels(model.labelNames());
    }

    /** Adds what the errors depend on. */
    void describe(Map<String, String> settings) {
        if (vae != null) {
            settings.put("vae", vae.toAbsolutePath().normalize().toString());
        }
    }
}
