package org.diffusionclassifier.model.stablediffusion;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BinaryOperator;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.PairRows;
import org.diffusionclassifier.tensor.Weights;

/**
 * Attention over the pixels of a feature map and from them to the caption: a residual around norm, projection,
 * transformer blocks and projection. (diffusers' {@code Transformer2DModel}.)
 */
final class SpatialTransformer {

    private static final float GROUP_NORM_EPSILON = 1e-6f;
    private static final float LAYER_NORM_EPSILON = 1e-5f;

    private final GroupNorm norm;
    private final BinaryOperator<Tensor> projectIn;
    private final List<Block> blocks = new ArrayList<>();
    private final BinaryOperator<Tensor> projectOut;

    /** @param depth number of transformer blocks; the other settings are the UNet's */
    SpatialTransformer(int channels, int heads, int depth, int contextWidth, int groups, boolean linearProjection,
                       Weights w, Layers layers) {
        norm = layers.groupNorm(new GroupNorm.Spec(channels, groups, GROUP_NORM_EPSILON, false), w.at("norm"));
        projectIn = projection(channels, linearProjection, false, w.at("proj_in"), layers);
        for (int i = 0; i < depth; i++) {
            blocks.add(new Block(channels, heads, contextWidth, w.at("transformer_blocks." + i), layers));
        }
        projectOut = projection(channels, linearProjection, true, w.at("proj_out"), layers);
    }

    /** The same function of the pixels either way; SD 1.x keeps it as a convolution, SD 2.x as a linear layer. */
    private static BinaryOperator<Tensor> projection(int channels, boolean linear, boolean thenNormalized, Weights w,
                                                     Layers layers) {
        if (linear) {
            Linear.Spec spec = Linear.Spec.of(channels, channels);
            return layers.linear(thenNormalized ? spec.thenNormalized() : spec, w)::forward;
        }
        Conv2d.Spec spec = Conv2d.Spec.of(channels, channels, 1);
        return layers.conv2d(thenNormalized ? spec.thenNormalized() : spec, w)::forward;
    }

    /** Cross-attention's keys and values of each block for captions [N, L, contextWidth]: [N, L, 2·channels]. */
    List<Tensor> projectContext(Tensor context) {
        return blocks.stream().map(block -> block.contextKeysValues.forward(context)).toList();
    }

    /** Takes this transformer's share, one tensor a block, of all that were projected. */
    List<Tensor> take(Iterator<Tensor> context) {
        return blocks.stream().map(block -> context.next()).toList();
    }

    /**
     * [M or P, H, W, C] → [P, H, W, C].
     *
     * @param context    what {@link #projectContext} gave for each block
     * @param promptOfPair [P] int32, the caption of each pair
     */
    Tensor forward(Tensor x, PairRows rows, List<Tensor> context, Tensor promptOfPair) {
        Tensor h = norm.forward(x);                                             // [B, H, W, C]
        h = projectIn.apply(h, null);
        h = h.reshape(x.dim(0), x.dim(1) * x.dim(2), x.dim(3));                 // [B, H·W, C]
        for (int i = 0; i < blocks.size(); i++) {
            h = blocks.get(i).forward(h, rows, context.get(i), promptOfPair);     // [P, H·W, C]
        }
        h = h.reshape(rows.pairs(), x.dim(1), x.dim(2), x.dim(3));              // [P, H, W, C]
        return projectOut.apply(h, rows.expand(x, rows.pairs()));
    }

    /** Self-attention, cross-attention, feed-forward, each with a norm before and a residual around it. */
    private static final class Block {

        private final int channels;
        private final LayerNorm norm1;
        private final Linear queriesKeysValues;
        private final Attention attention;
        private final Linear selfOut;
        private final LayerNorm norm2;
        private final Linear queries;
        private final Linear contextKeysValues;
        private final Linear crossOut;
        private final LayerNorm norm3;
        private final Linear widen;
        private final Linear narrow;

        Block(int channels, int heads, int contextWidth, Weights w, Layers layers) {
            this.channels = channels;
            Weights self = w.at("attn1");
            Weights cross = w.at("attn2");
            Linear.Spec square = Linear.Spec.of(channels, channels);
            norm1 = layers.layerNorm(channels, LAYER_NORM_EPSILON, w.at("norm1"));
            queriesKeysValues = layers.linear(Linear.Spec.of(channels, 3 * channels).withoutBias(),
                    self.at("to_q"), self.at("to_k"), self.at("to_v"));
            attention = layers.attention(new Attention.Spec(heads, channels, false));
            selfOut = layers.linear(square, self.at("to_out.0"));
            norm2 = layers.layerNorm(channels, LAYER_NORM_EPSILON, w.at("norm2"));
            queries = layers.linear(square.withoutBias(), cross.at("to_q"));
            contextKeysValues = layers.linear(Linear.Spec.of(contextWidth, 2 * channels).withoutBias(),
                    cross.at("to_k"), cross.at("to_v"));
            crossOut = layers.linear(square, cross.at("to_out.0"));
            norm3 = layers.layerNorm(channels, LAYER_NORM_EPSILON, w.at("norm3"));
            widen = layers.linear(Linear.Spec.of(channels, 4 * channels).then(Activation.GEGLU), w.at("ff.net.0.proj"));
            narrow = layers.linear(Linear.Spec.of(4 * channels, channels), w.at("ff.net.2"));
        }

        /** Class and trial first meet at the first cross-attention: up to its queries everything is once a trial. */
        Tensor forward(Tensor x, PairRows rows, Tensor context, Tensor promptOfPair) {
            Tensor qkv = queriesKeysValues.forward(norm1.forward(x));           // [B, L, 3C]
            Tensor h = attention.forward(qkv.columns(0, channels), qkv.columns(channels, channels),
                    qkv.columns(2 * channels, channels));                       // [B, L, C]
            h = selfOut.forward(h, x);

            Tensor q = rows.expand(queries.forward(norm2.forward(h)), rows.pairs());    // [P, L, C]
            h = rows.expand(h, rows.pairs());
            Tensor seen = attention.forward(q, context.columns(0, channels),
                    context.columns(channels, channels), promptOfPair);
            h = crossOut.forward(seen, h);

            return narrow.forward(widen.forward(norm3.forward(h)), h);          // [P, L, C]
        }
    }
}
