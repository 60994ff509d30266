package org.diffusionclassifier.weights;

import java.nio.file.Path;

/**
 * A Stable Diffusion model to be loaded, in whichever form it is kept: the configuration of each part, checked against
 * each other, and the parts' weights under the names and shapes of diffusers and transformers.
 */
public interface ModelSource {

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

    /** The folder of the tokenizer's files. */
    Path tokenizer();
}
