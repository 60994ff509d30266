package org.diffusionclassifier.model;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * The half of the autoencoder that turns an image into its latent distribution. (Rombach et al., 2022, section 3.1; in
 * the form of diffusers' {@code AutoencoderKL.encode}.)
 *
 * <p>SDXL's was trained in float32, and what its residual blocks add up may be beyond the range of float16. All that reads
 * these sums is a norm, which does not see their scale s if its ε is s² times as large. So in float16 whatever writes to
 * them writes 1/16 of it, a power of two, which rounds nothing.
 */
public final class VaeEncoder implements AutoCloseable {

    private static final float NORM_EPSILON = 1e-6f;
    private static final float SCALE_IN_HALVES = 1 / 16f;

    private final VaeConfig config;
    private final Layers layers;
    /** ε of all norms. */
    private final float epsilon;
    private final Conv2d convIn;
    private final List<ResnetBlock> resnets = new ArrayList<>();
    private final List<Conv2d> downsamplers = new ArrayList<>();
    private final ResnetBlock mid1;
    private final MidAttention midAttention;
    private final ResnetBlock mid2;
    private final GroupNorm normOut;
    private final Conv2d convOut;
    private final Conv2d quantConv;

    /** @throws org.diffusionclassifier.tensor.InputException if a tensor is missing or has the wrong shape */
    public VaeEncoder(VaeConfig config, Weights w, Device device) {
        this.config = config;
        this.layers = new Layers(device);
        try {
            List<Integer> channels = config.blockOutChannels();
            int moments = 2 * config.latentChannels();
            float scale = device.dtype() == DType.F16 ? SCALE_IN_HALVES : 1;
            epsilon = NORM_EPSILON * scale * scale;
            Weights encoder = scale == 1 ? w.at("encoder") : new ScaledResiduals(w, scale).at("encoder");
            int in = channels.get(0);
            convIn = layers.conv2d(Conv2d.Spec.of(config.inChannels(), in, 3).thenNormalized(), encoder.at("conv_in"));
            for (int i = 0; i < channels.size(); i++) {
                Weights block = encoder.at("down_blocks." + i);
                int out = channels.get(i);
                for (int j = 0; j < config.layersPerBlock(); j++) {
                    resnets.add(resnet(in, out, block.at("resnets." + j)));
                    in = out;
                }
                if (i < channels.size() - 1) {
                    downsamplers.add(layers.conv2d(
                            Conv2d.Spec.of(out, out, 3).halving(Conv2d.Padding.BOTTOM_RIGHT).thenNormalized(),
                            block.at("downsamplers.0.conv")));
                }
            }
            Weights mid = encoder.at("mid_block");
            mid1 = resnet(in, in, mid.at("resnets.0"));
            midAttention = config.midAttention() ? new MidAttention(in, config.normGroups(), epsilon,
                    mid.at("attentions.0"), layers) : null;
            mid2 = resnet(in, in, mid.at("resnets.1"));
            normOut = layers.groupNorm(new GroupNorm.Spec(in, config.normGroups(), epsilon, true),
                    encoder.at("conv_norm_out"));
            Conv2d.Spec toMoments = Conv2d.Spec.of(in, moments, 3);
            convOut = layers.conv2d(config.quantConv() ? toMoments : toMoments.toFloat(), encoder.at("conv_out"));
            quantConv = config.quantConv()
                    ? layers.conv2d(Conv2d.Spec.of(moments, moments, 1).toFloat(), w.at("quant_conv")) : null;
        } catch (RuntimeException e) {
            layers.close();
            throw e;
        }
    }

    public VaeConfig config() {
        return config;
    }

    private ResnetBlock resnet(int in, int out, Weights w) {
        return new ResnetBlock(in, out, null, config.normGroups(), epsilon, w, layers);
    }

    /**
     * The moments of the latent's distribution: [B, H, W, 3] → [B, H/f, W/f, 2c] with f = {@code downscale()}, float32.
     * The first c channels are the mean, the last c the logarithm of the variance; neither is scaled.
     *
     * @param image in [−1, 1]
     */
    public Tensor forward(Tensor image) {
        Tensor h = convIn.forward(image);                                       // [B, H, W, C₀]
        int blocks = config.blockOutChannels().size();
        for (int i = 0; i < blocks; i++) {
            for (int j = 0; j < config.layersPerBlock(); j++) {
                h = resnets.get(i * config.layersPerBlock() + j).forward(h, null, null, null);
            }
            if (i < blocks - 1) {
                h = downsamplers.get(i).forward(h);                             // [B, H/2ⁱ⁺¹, W/2ⁱ⁺¹, Cᵢ]
            }
        }
        h = mid1.forward(h, null, null, null);
        h = midAttention == null ? h : midAttention.forward(h);
        h = mid2.forward(h, null, null, null);
        h = convOut.forward(normOut.forward(h));                                // [B, H/f, W/f, 2c]
        return quantConv == null ? h : quantConv.forward(h);
    }

    /** Single-head self-attention over the pixels. */
    private static final class MidAttention {

        private final int channels;
        private final GroupNorm norm;
        private final Linear queriesKeysValues;
        private final Attention attention;
        private final Linear out;

        MidAttention(int channels, int groups, float epsilon, Weights w, Layers layers) {
            this.channels = channels;
            norm = layers.groupNorm(new GroupNorm.Spec(channels, groups, epsilon, false),
                    w.at("group_norm"));
            queriesKeysValues = layers.linear(Linear.Spec.of(channels, 3 * channels),
                    w.at("to_q"), w.at("to_k"), w.at("to_v"));
            attention = layers.attention(new Attention.Spec(1, channels, false));
            out = layers.linear(Linear.Spec.of(channels, channels), w.at("to_out.0"));
        }

        Tensor forward(Tensor x) {
            Tensor tokens = x.reshape(x.dim(0), x.dim(1) * x.dim(2), channels); // [B, H·W, C]
            Tensor qkv = queriesKeysValues.forward(norm.forward(tokens));       // [B, H·W, 3C]
            Tensor h = attention.forward(qkv.columns(0, channels), qkv.columns(channels, channels),
                    qkv.columns(2 * channels, channels));
            return out.forward(h, tokens).reshape(x.shape());
        }
    }

    @Override
    public void close() {
        layers.close();
    }
}
