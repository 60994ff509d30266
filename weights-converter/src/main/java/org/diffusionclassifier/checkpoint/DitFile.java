package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import org.diffusionclassifier.config.ClassConditionalConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.PrefixedWeights;
import org.diffusionclassifier.tensor.Weights;

/** A {@link ModelFile} of a DiT. Like every other checkpoint it is taken for hostile. */
public record DitFile(Path file, ClassConditionalConfig config) implements DitSource {

    /** The configuration that no other model here has. */
    private static final String TRANSFORMER = "transformer";

    /**
     * Whether a file is a model file that says it is of a DiT.
     *
     * @throws InputException if it is a model file by name, but damaged
     */
    public static boolean isOne(Path file) {
        return ModelFile.isOne(file, opened -> isOne(ModelFile.settings(opened)));
    }

    /** Whether {@link ModelFile#settings} are those of one. */
    static boolean isOne(JsonConfig settings) {
        return !settings.get(TRANSFORMER).isMissingNode();
    }

    /** @throws InputException if it is none, damaged, or holds a model that is not supported */
    public static DitFile open(Path file) {
        try (var opened = SafetensorsFile.open(file)) {
            var config = ClassConditionalConfig.read(ModelFile.settings(opened));
            config.requireThatPartsFit(file.toString());
            return new DitFile(file, config);
        }
    }

    @Override
    public Origin origin() {
        return Origin.of(file);
    }

    @Override
    public Weights transformerWeights() {
        return new PrefixedWeights(SafetensorsFile.open(file), TRANSFORMER, true);
    }

    @Override
    public Weights vaeWeights() {
        return new PrefixedWeights(SafetensorsFile.open(file), "vae", true);
    }
}
