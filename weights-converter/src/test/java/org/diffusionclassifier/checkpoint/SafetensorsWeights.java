package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import org.diffusionclassifier.tensor.Weights;

/** The weights of one network as safetensors: one file, or several with an index. */
public final class SafetensorsWeights {

    private SafetensorsWeights() {
    }

    /**
     * Opens the weights in {@code component}: the plain ones before the only variant, one file before several.
     *
     * @param stem what the files' names begin with: {@code diffusion_pytorch_model} for a UNet or VAE, {@code model}
     *             for a text encoder
     * @throws InputException if there are none, or malformed ones
     */
    public static Weights open(Path component, String stem) {
        Weights weights = new WeightsVariants(component, stem, stem).choose(null).open();
        return TextModelWeights.isOne(weights) ? new TextModelWeights(weights) : weights;
    }
}
