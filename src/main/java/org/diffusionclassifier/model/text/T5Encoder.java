package org.diffusionclassifier.model.text;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * T5's encoder in version 1.1: norms before, RMS norms all, no biases, GELUs that gate, and scores to which a bias for the
 * distance of two tokens is added, the same in every layer. (Raffel et al., 2020, arXiv 1910.10683, section 2.1; Shazeer,
 * 2020, arXiv 2002.05202; in the form of transformers' {@code T5EncoderModel}.) No token is masked: padding attends and is
 * attended to, as image models call it.
 */
public final class T5Encoder implements AutoCloseable {

    /** Rows of the table of tokens that are decoded at once. */
    private static final int CHUNK_ROWS = 1024;

    private final T5Config config;
    private final Layers layers;
    private final Tensor tokens;
    private final float[] distanceBias;
    private final Map<Integer, Tensor> biases = new HashMap<>();
    private final List<Block> blocks = new ArrayList<>();
    private final RmsNorm finalNorm;

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public T5Encoder(T5Config config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        try {
            w.require("shared.weight", config.vocabSize(), config.width());
            tokens = device.tensor(device.dtype(), config.vocabSize(), config.width());
            readTokens(w);
            distanceBias = w.floats("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                    config.buckets(), config.heads());
            for (int i = 0; i < config.layers(); i++) {
                blocks.add(new Block(config, w.at("encoder.block." + i), layers));
            }
            finalNorm = layers.rmsNorm(config.width(), config.normEps(), w.at("encoder.final_layer_norm"));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void readTokens(Weights w) {
        for (int row = 0; row < config.vocabSize(); row += CHUNK_ROWS) {
            int rows = Math.min(CHUNK_ROWS, config.vocabSize() - row);
            var values = new float[rows * config.width()];
            w.read("shared.weight", (long) row * config.width(), FloatBuffer.wrap(values));
            layers.device().write(tokens.slice(row, rows), values);
        }
    }

    /**
     * Encodes B texts, padding included: [B, L] → [B, L, width], the last hidden state.
     *
     * @param ids int32
     */
    public Tensor forward(Tensor ids) {
        int texts = ids.dim(0);
        int length = ids.dim(1);
        Tensor bias = biases.computeIfAbsent(length, this::bias);
        Tensor h = layers.device().gather(tokens, ids.reshape(texts * length)).reshape(texts, length, config.width());
        for (Block block : blocks) {
            h = block.forward(h, bias);
        }
        return finalNorm.forward(h);
    }

    /** [heads, L, L]: what is added to the score of query i and key j. */
    private Tensor bias(int length) {
        var values = new float[config.heads() * length * length];
        for (int head = 0; head < config.heads(); head++) {
            for (int i = 0; i < length; i++) {
                for (int j = 0; j < length; j++) {
                    values[(head * length + i) * length + j] = distanceBias[bucket(config, j - i) * config.heads() + head];
                }
            }
        }
        Tensor bias = layers.device().tensor(DType.F32, config.heads(), length, length);
        layers.device().write(bias, values);
        return bias;
    }

    /**
     * The bucket of a distance: half of them for keys behind the query; of each half, one for each of the nearest
     * distances, the others for ranges that grow with the logarithm up to the farthest. (Raffel et al., 2020, section 2.1.)
     *
     * @param distance the key's place less the query's
     */
    static int bucket(T5Config config, int distance) {
        int half = config.buckets() / 2;
        int exact = half / 2;
        int side = distance > 0 ? half : 0;
        int away = Math.abs(distance);
        if (away < exact) {
            return side + away;
        }
        // In float32, as the reference computes it: a boundary falls on a whole number.
        float logarithm = (float) Math.log((float) away / exact) / (float) Math.log((double) config.farthest() / exact);
        return side + Math.min(half - 1, exact + (int) (logarithm * (half - exact)));
    }

    /** Attention, then an MLP, each with a norm before and a residual around it. */
    private static final class Block {

        private final Device device;
        private final int inner;
        private final RmsNorm norm1;
        private final Linear queriesKeysValues;
        private final Linear attentionOut;
        private final RmsNorm norm2;
        private final Linear gate;
        private final Linear widen;
        private final Linear narrow;

        Block(T5Config config, Weights w, Layers layers) {
            device = layers.device();
            inner = config.heads() * config.headWidth();
            Weights self = w.at("layer.0.SelfAttention");
            Weights mlp = w.at("layer.1.DenseReluDense");
            Linear.Spec wide = Linear.Spec.of(config.width(), config.intermediate()).withoutBias();
            norm1 = layers.rmsNorm(config.width(), config.normEps(), w.at("layer.0.layer_norm"));
            queriesKeysValues = layers.linear(Linear.Spec.of(config.width(), 3 * inner).withoutBias(), self.at("q"),
                    self.at("k"), self.at("v"));
            attentionOut = layers.linear(Linear.Spec.of(inner, config.width()).withoutBias(), self.at("o"));
            norm2 = layers.rmsNorm(config.width(), config.normEps(), w.at("layer.1.layer_norm"));
            gate = layers.linear(wide.then(Activation.GELU_TANH), mlp.at("wi_0"));
            widen = layers.linear(wide, mlp.at("wi_1"));
            narrow = layers.linear(Linear.Spec.of(config.intermediate(), config.width()).withoutBias(), mlp.at("wo"));
        }

        Tensor forward(Tensor x, Tensor bias) {
            Tensor qkv = queriesKeysValues.forward(norm1.forward(x));           // [B, L, 3·inner]
            Tensor h = device.biasedAttention(qkv.columns(0, inner), qkv.columns(inner, inner),
                    qkv.columns(2 * inner, inner), bias);                       // [B, L, inner]
            x = attentionOut.forward(h, x);
            h = norm2.forward(x);
            return narrow.forward(device.product(gate.forward(h), widen.forward(h)), x);
        }
    }

    @Override
    public void close() {
        layers.close();
        if (tokens != null) {
            layers.device().release(tokens);
        }
        biases.values().forEach(layers.device()::release);
        biases.clear();
    }
}
