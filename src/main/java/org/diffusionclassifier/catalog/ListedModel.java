package org.diffusionclassifier.catalog;

import java.nio.file.Path;
import java.util.Optional;
import org.diffusionclassifier.tensor.InputException;

/**
 * A model that is here.
 *
 * @param name   what {@code --model} finds it by
 * @param path   where it is; null for the bundled model
 * @param bytes  on the disk; of a snapshot in the Hub's cache, with what other revisions share
 * @param family empty where it is not known
 * @param fault  why it cannot be loaded; empty if it can
 */
public record ListedModel(String name, Place place, Path path, long bytes, Optional<String> family,
                          Optional<InputException> fault) {

    /** Where models are. */
    public enum Place {
        /** In the program. */
        BUNDLED,
        /** In the working directory or the folder of models. */
        FILE,
        /** In the Hub's cache. */
        HUB
    }
}
