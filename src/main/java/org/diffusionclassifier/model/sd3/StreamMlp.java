package org.diffusionclassifier.model.sd3;

import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/** The feed-forward half of a block, of one stream's tokens: [P, L, C] → [P, L, C]. */
final class StreamMlp {

    private static final int RATIO = 4;

    private final Linear widen;
    private final Linear narrow;

    StreamMlp(int width, Weights w, Layers layers) {
        widen = layers.linear(Linear.Spec.of(width, RATIO * width).then(Activation.GELU_TANH), w.at("net.0.proj"));
        narrow = layers.linear(Linear.Spec.of(RATIO * width, width), w.at("net.2"));
    }

    Tensor forward(Tensor x) {
        return narrow.forward(widen.forward(x));
    }
}
