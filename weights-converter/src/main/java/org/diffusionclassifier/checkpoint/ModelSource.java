package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

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

    StableDiffusionConfig config();

    Origin origin();

    /** The UNet's weights; to be closed by the caller. */
    Weights unetWeights();

    /** The weights of the VAE's encoder at least; to be closed by the caller. */
    Weights vaeWeights();

    /** The text encoder's weights, named from {@code embeddings} on; to be closed by the caller. */
    Weights textEncoderWeights();

    /** @throws InputException if they cannot be read */
    TokenizerTables tokenizer();

    default UNetConfig unet() {
        return config().unet();
    }

    default VaeConfig vae() {
        return config().vae();
    }

    default ClipTextConfig textEncoder() {
        return config().textEncoder();
    }

    default ScheduleConfig schedule() {
        return config().schedule();
    }
}
