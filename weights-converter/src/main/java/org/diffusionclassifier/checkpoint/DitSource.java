package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.config.ClassConditionalConfig;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A class-conditional diffusion transformer with its autoencoder, to be loaded, in whichever form it is kept: what
 * {@link ModelSource} is for Stable Diffusion.
 */
public interface DitSource {

    /**
     * Whether a model is one by what it says itself; a file in the original naming is one for whom it is opened with
     * an autoencoder.
     *
     * @throws InputException if it is a model file by name, but damaged
     */
    static boolean isOne(Path model) {
        return DitDirectory.isOne(model) || DitFile.isOne(model);
    }

    /**
     * Opens one in whichever form it is.
     *
     * @param vae the folder of an autoencoder in diffusers' form, for a model that has none or instead of its own; else
     *            null
     * @throws InputException if it is none, or lacks a part
     */
    static DitSource open(Path model, Path vae) {
        if (!Files.isRegularFile(model)) {
            return DitDirectory.open(model, vae);
        }
        return vae == null ? DitFile.open(model) : new DitCheckpoint(model, vae);
    }

    ClassConditionalConfig config();

    Origin origin();

    /** Where the autoencoder comes from, if from elsewhere. */
    default Optional<Origin> vaeOrigin() {
        return Optional.empty();
    }

    /** The transformer's weights; to be closed by the caller. */
    Weights transformerWeights();

    /** The weights of the VAE's encoder at least; to be closed by the caller. */
    Weights vaeWeights();

    default DitConfig transformer() {
        return config().transformer();
    }

    default VaeConfig vae() {
        return config().vae();
    }

    default ScheduleConfig schedule() {
        return config().schedule();
    }

    /** The name of each class, in the order of the labels; empty where the model has none. */
    default List<String> labelNames() {
        return config().labelNames();
    }
}
