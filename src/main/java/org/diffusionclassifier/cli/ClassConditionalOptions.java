package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.Map;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.prompt.ClassLabels;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A model that is told labels rather than captions: a DiT. */
final class ClassConditionalOptions {

    @Mixin
    private AutoencoderOption autoencoder;

    @Option(names = "--labels", paramLabel = "FILE",
            description = "For a DiT: the names of its labels, one a line. Default: the model's own, else numbers.")
    private Path labels;

    /** Whether {@code model}, which may be null, is one. */
    boolean isOne(Path model) {
        return autoencoder.isOfDit(model);
    }

    /** @throws InputException for what does not go with {@code model}, which may be null */
    void check(Path model) {
        autoencoder.check(model);
        if (labels != null && !isOne(model)) {
            throw new InputException("--labels: expected with a --model that is a DiT, as others are told captions");
        }
    }

    /** @throws InputException if it is none, or lacks a part */
    DitSource open(Path model) {
        return autoencoder.open(model);
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
        autoencoder.describe(settings);
    }
}
