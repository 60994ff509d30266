package org.diffusionclassifier.model.dit;

import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/**
 * A block of a diffusion transformer, "adaLN-Zero": attention, then an MLP, each between a norm that timestep and label
 * scale and shift and a sum that they gate. (Peebles and Xie, 2023, section 3.2 and figure 3.)
 */
final class DitBlock {

    private static final float NORM_EPSILON = 1e-6f;
    private static final int MLP_RATIO = 4;

    private final DitConfig config;
    private final Device device;
    private final Linear modulation;
    private final Linear queriesKeysValues;
    private final Attention attention;
    private final Linear attentionOut;
    private final Linear widen;
    private final Linear narrow;

    DitBlock(DitConfig config, Weights w, Layers layers) {
        this.config = config;
        this.device = layers.device();
        int width = config.width();
        Weights attn = w.at("attn1");
        modulation = layers.linear(Linear.Spec.of(width, 6 * width), w.at("norm1.linear"));
        queriesKeysValues = layers.linear(Linear.Spec.of(width, 3 * width), attn.at("to_q"), attn.at("to_k"),
                attn.at("to_v"));
        attention = layers.attention(new Attention.Spec(config.heads(), width, false));
        attentionOut = layers.linear(Linear.Spec.of(width, width), attn.at("to_out.0"));
        widen = layers.linear(Linear.Spec.of(width, MLP_RATIO * width).then(Activation.GELU_TANH),
                w.at("ff.net.0.proj"));
        narrow = layers.linear(Linear.Spec.of(MLP_RATIO * width, width), w.at("ff.net.2"));
    }

    /**
     * [P, L, C] → [P, L, C].
     *
     * @param embedding SiLU of timestep's and label's together, [P, C]
     */
    Tensor forward(Tensor x, Tensor embedding) {
        int width = config.width();
        Tensor m = modulation.forward(embedding);                               // [P, 6C]: shift, scale, gate; twice
        Tensor h = device.adaptiveNorm(x, m.columns(0, width), m.columns(width, width), NORM_EPSILON);
        Tensor qkv = queriesKeysValues.forward(h);                              // [P, L, 3C]
        h = attentionOut.forward(attention.forward(qkv.columns(0, width), qkv.columns(width, width),
                qkv.columns(2 * width, width)));                                // [P, L, C]
        x = device.gatedSum(x, m.columns(2 * width, width), h);

        h = device.adaptiveNorm(x, m.columns(3 * width, width), m.columns(4 * width, width), config.mlpNormEps());
        h = narrow.forward(widen.forward(h));                                   // [P, L, 4C], [P, L, C]
        return device.gatedSum(x, m.columns(5 * width, width), h);
    }
}
