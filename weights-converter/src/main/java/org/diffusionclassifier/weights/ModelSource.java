package org.diffusionclassifier.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;

/**
 * A Stable Diffusion model to be loaded, in whichever form it is kept: the configuration of each part, checked against
 * each other, and the parts' weights under the names and shapes of diffusers and transformers.
 */
public interface ModelSource {

    /**
     * Opens a model in whichever form it is.
     *
     * @param untold what a file in the original naming does not tell; of no matter for the others
     * @throws InputException if it is no model, or lacks a part
     */
    static ModelSource open(Path model, LdmCheckpoint.Options untold) {
        if (!Files.isRegularFile(model)) {
            return DiffusersDirectory.open(model);
        }
        return ModelFile.isOne(model) ? ModelFile.open(model) : LdmCheckpoint.open(model, untold);
    }

    /** What it is called: the last part of its path. */
    String name();

    UNetConfig unet();

    VaeConfig vae();

    ClipTextConfig textEncoder();

    ScheduleConfig schedule();

    /** The UNet's weights; to be closed by the caller. */
    Weights unetWeights();

    /** The weights of the VAE's encoder at least; to be closed by the caller. */
    Weights vaeWeights();

    /** The text encoder's weights, named from {@code embeddings} on; to be closed by the caller. */
    Weights textEncoderWeights();

    /** @throws InputException if they cannot be read */
    TokenizerTables tokenizer();

    /** The files that all this is read from, by their paths within it; a model that is one file has its own name. */
    SortedMap<String, Path> files();

    /** What else a file that is made from this shall say of its origin, for {@code __metadata__}. */
    default Map<String, String> notes() {
        return Map.of();
    }

    /** @throws InputException unless the widths at which the parts meet are the same */
    default void requireThatPartsFit(String source) {
        requireEqual(source, "width of the UNet's context", unet().crossAttentionDim(), "the text encoder",
                textEncoder().width());
        requireEqual(source, "input channels of the UNet", unet().inChannels(), "the VAE's latent",
                vae().latentChannels());
        requireEqual(source, "output channels of the UNet", unet().outChannels(), "the VAE's latent",
                vae().latentChannels());
        requireEqual(source, "input channels of the VAE", vae().inChannels(), "an RGB image", 3);
    }

    private static void requireEqual(String source, String what, int found, String other, int expected) {
        if (found != expected) {
            throw new InputException(source + ": " + what + ": expected " + expected + " as " + other + " has, found "
                    + found);
        }
    }
}
