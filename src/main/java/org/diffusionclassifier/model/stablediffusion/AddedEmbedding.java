package org.diffusionclassifier.model.stablediffusion;

import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.MatrixFilters;
import org.diffusionclassifier.tensor.Weights;

/**
 * What SDXL adds to the embedding of the time: the caption's vector, and size and crop of a training image as sines and
 * cosines, through an MLP. (Podell et al., 2023, arXiv 2307.01952, section 2.2; diffusers' {@code text_time}.)
 */
final class AddedEmbedding {

    private final UNetConfig config;
    private final Layers layers;
    private final Conv2d first;
    private final Linear second;

    /** @param width of the embedding of the time */
    AddedEmbedding(UNetConfig config, int width, Weights w, Layers layers) {
        this.config = config;
        this.layers = layers;
        UNetConfig.Added added = config.added();
        first = layers.conv2d(Conv2d.Spec.of(added.textWidth(), width, 1)
                .withConcat(added.width() - added.textWidth()), new MatrixFilters(w.at("linear_1")));
        second = layers.linear(Linear.Spec.of(width, width), w.at("linear_2"));
    }

    /**
     * [N, textWidth] → [N, width].
     *
     * @param sizes [N, 6] float32
     */
    Tensor forward(Tensor text, Tensor sizes) {
        UNetConfig.Added added = config.added();
        int captions = text.dim(0);
        Tensor waves = layers.device().timestepEmbedding(sizes.vector(0, Math.toIntExact(sizes.elements()),
                        sizes.type()), added.sizeWidth(), config.flipSinToCos(),
                config.freqShift()).reshape(captions, added.width() - added.textWidth());    // [N, 6·sizeWidth]
        Tensor h = layers.device().activation(Activation.SILU, first.forward(text, waves, null));  // [N, width]
        return second.forward(h);
    }
}
