package org.diffusionclassifier.weights;

import java.util.List;

/**
 * A class-conditional diffusion transformer with its autoencoder, to be loaded, in whichever form it is kept: what
 * {@link ModelSource} is for Stable Diffusion.
 */
public interface DitSource {

    DitConfig transformer();

    VaeConfig vae();

    ScheduleConfig schedule();

    /** The name of each class, in the order of the labels; empty where the model has none. */
    List<String> labelNames();

    /** The transformer's weights; to be closed by the caller. */
    Weights transformerWeights();

    /** The weights of the VAE's encoder at least; to be closed by the caller. */
    Weights vaeWeights();
}
