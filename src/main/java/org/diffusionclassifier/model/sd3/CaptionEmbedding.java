package org.diffusionclassifier.model.sd3;

import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/**
 * What a multimodal diffusion transformer makes of an encoded caption before any trial is known: its tokens in the width
 * of the blocks, and its part of the vector that modulates them. Computed once a caption.
 */
public final class CaptionEmbedding implements AutoCloseable {

    private final Layers layers;
    private final Linear context;
    private final Linear vector1;
    private final Linear vector2;

    /** @param w the transformer's */
    public CaptionEmbedding(MmditConfig config, Weights w, Device device) {
        this.layers = new Layers(device);
        int width = config.width();
        try {
            context = layers.linear(Linear.Spec.of(config.contextWidth(), width), w.at("context_embedder"));
            Weights text = w.at("time_text_embed.text_embedder");
            vector1 = layers.linear(Linear.Spec.of(config.vectorWidth(), width).then(Activation.SILU), text.at("linear_1"));
            vector2 = layers.linear(Linear.Spec.of(width, width), text.at("linear_2"));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Text encoders' states, [B, L, contextWidth] → [B, L, C]. */
    public Tensor context(Tensor states) {
        return context.forward(states);
    }

    /** Projected end tokens, [B, vectorWidth] → [B, C]. */
    public Tensor vector(Tensor projected) {
        return vector2.forward(vector1.forward(projected));
    }

    @Override
    public void close() {
        layers.close();
    }
}
