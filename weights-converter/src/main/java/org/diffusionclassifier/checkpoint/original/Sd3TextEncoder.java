package org.diffusionclassifier.checkpoint.original;

import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.tensor.Weights;

/**
 * One of CLIP's text encoders in a file of Stable Diffusion 3, which keeps it as transformers names it. The first one's
 * projection is left out of published files and is the identity.
 */
final class Sd3TextEncoder extends LdmNetwork {

    /** Channels a head, which tensors do not show: of every CLIP. */
    private static final int HEAD_WIDTH = 64;

    private static final String MODEL = "text_model.";
    private static final String PROJECTION = "text_projection.weight";

    private final Activation activation;
    private final int width;
    private final int layers = count(MODEL + "encoder.layers");

    /** @param activation of its MLPs, which no tensor shows */
    Sd3TextEncoder(Weights file, String prefix, Activation activation) {
        super(file, prefix);
        this.activation = activation;
        List.of("embeddings", "encoder", "final_layer_norm").forEach(module -> put(module, MODEL + module));
        put(PROJECTION, PROJECTION);
        width = dim(MODEL + "embeddings.token_embedding.weight", 1, 2);
        requireMultiples(List.of(width), HEAD_WIDTH);
    }

    /** The tensors under transformers' names. */
    @Override
    Weights weights() {
        return has(PROJECTION) ? super.weights() : new WithIdentity(super.weights(), PROJECTION, width);
    }

    /** The configuration. @throws org.diffusionclassifier.tensor.InputException if a tensor that shows a size is missing */
    ClipTextConfig config() {
        return new ClipTextConfig(dim(MODEL + "embeddings.token_embedding.weight", 0, 2), width,
                dim(MODEL + "encoder.layers.0.mlp.fc1.weight", 0, 2), layers, width / HEAD_WIDTH,
                dim(MODEL + "embeddings.position_embedding.weight", 0, 2), activation, 1e-5f,
                has(PROJECTION) ? dim(PROJECTION, 0, 2) : width);
    }
}
