package org.diffusionclassifier.model.text;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/**
 * CLIP's text transformer: causal, norms before, one more norm at the end. (Radford et al., 2021, arXiv 2103.00020,
 * section 2.4; in the form of transformers' {@code CLIPTextModel}.)
 */
public final class ClipTextEncoder implements AutoCloseable {

    private final ClipTextConfig config;
    private final Layers layers;
    private final Embedding embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNorm finalNorm;
    /** Of the end token's state; null for none. */
    private final Linear projection;

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public ClipTextEncoder(ClipTextConfig config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        try {
            embedding = layers.embedding(config.vocabSize(), config.maxPositions(), config.width(), w.at("embeddings"));
            for (int i = 0; i < config.layers(); i++) {
                blocks.add(new Block(config, w.at("encoder.layers." + i), layers));
            }
            finalNorm = layers.layerNorm(config.width(), config.normEps(), w.at("final_layer_norm"));
            projection = config.projection() == 0 ? null : layers.linear(
                    Linear.Spec.of(config.width(), config.projection()).withoutBias(), w.at("text_projection"));
        } catch (RuntimeException e) {
            layers.close();
            throw e;
        }
    }

    public ClipTextConfig config() {
        return config;
    }

    /**
     * Encodes B texts, padding included: [B, L] → [B, L, width], the last hidden state.
     *
     * @param ids int32, L ≤ maxPositions
     */
    public Tensor forward(Tensor ids) {
        return last(penultimate(ids));
    }

    /** As {@link #forward}, without the last layer and the norm behind it. */
    public Tensor penultimate(Tensor ids) {
        Tensor h = embedding.forward(ids);                                      // [B, L, width]
        for (Block block : blocks.subList(0, blocks.size() - 1)) {
            h = block.forward(h);
        }
        return h;
    }

    /** The last hidden state from what {@link #penultimate} gives, [B, L, width]. */
    public Tensor last(Tensor penultimate) {
        return finalNorm.forward(blocks.get(blocks.size() - 1).forward(penultimate));
    }

    /**
     * What the whole text is to an encoder with a projection: [B, L, width] → [B, projection].
     *
     * @param last what {@link #last} gives
     * @param ends [B, 1] int32, where in the B·L states each text's first end token is
     */
    public Tensor projected(Tensor last, Tensor ends) {
        Tensor states = last.reshape(last.dim(0) * last.dim(1), last.width());
        return projection.forward(layers.device().gather(states, ends.reshape(ends.dim(0))));
    }

    private static final class Block {

        private final int width;
        private final LayerNorm norm1;
        private final Linear queriesKeysValues;
        private final Attention attention;
        private final Linear attentionOut;
        private final LayerNorm norm2;
        private final Linear widen;
        private final Linear narrow;

        Block(ClipTextConfig config, Weights w, Layers layers) {
            width = config.width();
            Weights self = w.at("self_attn");
            norm1 = layers.layerNorm(width, config.normEps(), w.at("layer_norm1"));
            queriesKeysValues = layers.linear(Linear.Spec.of(width, 3 * width),
                    self.at("q_proj"), self.at("k_proj"), self.at("v_proj"));
            attention = layers.attention(new Attention.Spec(config.heads(), width, true));
            attentionOut = layers.linear(Linear.Spec.of(width, width), self.at("out_proj"));
            norm2 = layers.layerNorm(width, config.normEps(), w.at("layer_norm2"));
            Activation activation = switch (config.activation()) {
                case GELU -> Activation.GELU;
                case QUICK_GELU -> Activation.QUICK_GELU;
            };
            widen = layers.linear(Linear.Spec.of(width, config.intermediate()).then(activation), w.at("mlp.fc1"));
            narrow = layers.linear(Linear.Spec.of(config.intermediate(), width), w.at("mlp.fc2"));
        }

        Tensor forward(Tensor x) {
            Tensor qkv = queriesKeysValues.forward(norm1.forward(x));           // [B, L, 3·width]
            Tensor h = attention.forward(qkv.columns(0, width), qkv.columns(width, width),
                    qkv.columns(2 * width, width));                             // [B, L, width]
            h = attentionOut.forward(h, x);
            return narrow.forward(widen.forward(norm2.forward(h)), h);
        }
    }

    @Override
    public void close() {
        layers.close();
    }
}
