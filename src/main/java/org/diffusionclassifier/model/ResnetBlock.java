package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.weights.Weights;

/**
 * The residual block of UNet and autoencoder: norm, SiLU, convolution, twice, around a shortcut. In the UNet the time
 * embedding is added between, and the input may be two feature maps side by side. (diffusers' {@code ResnetBlock2D}.)
 */
final class ResnetBlock {

    private final GroupNorm norm1;
    private final Conv2d conv1;
    private final Linear timeProjection;
    private final GroupNorm norm2;
    private final Conv2d conv2;
    private final Conv2d shortcut;

    /**
     * @param in        channels of x
     * @param skip      channels of the second input, 0 for none
     * @param out       channels of the result
     * @param timeWidth width of the time embedding, 0 for a block without
     */
    ResnetBlock(int in, int skip, int out, int timeWidth, int groups, float epsilon, Weights w, Layers layers) {
        norm1 = layers.groupNorm(new GroupNorm.Spec(in + skip, groups, epsilon, true), w.at("norm1"));
        conv1 = layers.conv2d(Conv2d.Spec.of(in + skip, out, 3).thenNormalized(), w.at("conv1"));
        timeProjection = timeWidth == 0 ? null : layers.linear(Linear.Spec.of(timeWidth, out), w.at("time_emb_proj"));
        norm2 = layers.groupNorm(new GroupNorm.Spec(out, groups, epsilon, true), w.at("norm2"));
        conv2 = layers.conv2d(Conv2d.Spec.of(out, out, 3).thenNormalized(), w.at("conv2"));
        shortcut = in + skip == out ? null
                : layers.conv2d(Conv2d.Spec.of(in, out, 1).withConcat(skip), w.at("conv_shortcut"));
    }

    /**
     * [B, H, W, in] (and [B, H, W, skip]) → [B, H, W, out].
     *
     * @param skip the second input; null for none
     * @param time SiLU of the time embedding of each trial, [M, timeWidth]; null for a block without
     * @param rows from a trial's to a pair's entries; null for a block without time
     */
    Tensor forward(Tensor x, Tensor skip, Tensor time, PairRows rows) {
        Tensor h = norm1.forward(x, skip);                                      // [B, H, W, in + skip]
        if (timeProjection == null) {
            h = conv1.forward(h);                                               // [B, H, W, out]
        } else {
            Tensor shift = rows.expand(timeProjection.forward(time), x.dim(0)); // [B, out]
            h = conv1.forward(h, shift);                                        // [B, H, W, out]
        }
        h = norm2.forward(h);
        Tensor residual = shortcut == null ? x : shortcut.forward(x, skip, null);
        return conv2.forward(h, residual);
    }
}
