package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.Weights;

/**
 * The residual block of UNet and autoencoder: norm, SiLU, convolution, twice, around a shortcut. In the UNet the time
 * embedding is added between, and the input may be two feature maps side by side. (diffusers' {@code ResnetBlock2D}.)
 *
 * <p>If the second of them, the skip, depends on the trial alone, then so does all that its channels contribute to the
 * first convolution and to the shortcut, as long as the norm has no group with channels of both: conv([x, skip]) =
 * conv_x(x) + conv_skip(skip). That second term is computed once a trial, and an addend of the first.
 */
public final class ResnetBlock {

    private final GroupNorm norm1;
    private final Conv2d conv1;
    private final TimeProjections.Columns time;
    private final GroupNorm norm2;
    /** Null in a block whose shortcut has a convolution of its own, and {@link #conv2AndShortcut} in all others. */
    private final Conv2d conv2;
    private final ResidualConv2d conv2AndShortcut;
    /** The skip's part of norm1, conv1 and shortcut, which are x's then; null if they are of both. */
    private final GroupNorm skipNorm;
    private final Conv2d skipConv;
    private final Conv2d skipShortcut;

    /**
     * Without a second input.
     *
     * @param in   channels of x
     * @param out  channels of the result
     * @param time its columns of the time's projections; null for a block without
     */
    public ResnetBlock(int in, int out, TimeProjections.Columns time, int groups, float epsilon, Weights w,
                       Layers layers) {
        this(in, 0, false, out, time, groups, epsilon, w, layers);
    }

    /**
     * @param skip        channels of the second input, 0 for none
     * @param skipOfTrial whether the second input and the time have one entry a trial, and not one a pair
     */
    public ResnetBlock(int in, int skip, boolean skipOfTrial, int out, TimeProjections.Columns time, int groups,
                       float epsilon, Weights w, Layers layers) {
        this.time = time;
        int both = in + skip;
        boolean apart = skipOfTrial && in * groups % both == 0;
        if (apart) {
            int groupsOfX = in * groups / both;
            norm1 = layers.groupNorm(new GroupNorm.Spec(in, groupsOfX, epsilon, true),
                    InputChannels.ofNorm(w.at("norm1"), 0, in, both));
            skipNorm = layers.groupNorm(new GroupNorm.Spec(skip, groups - groupsOfX, epsilon, true),
                    InputChannels.ofNorm(w.at("norm1"), in, skip, both));
            conv1 = layers.conv2d(Conv2d.Spec.of(in, out, 3).thenNormalized(),
                    InputChannels.ofConv(w.at("conv1"), 0, in, both));
            skipConv = layers.conv2d(Conv2d.Spec.of(skip, out, 3), InputChannels.ofConv(w.at("conv1"), in, skip, both));
        } else {
            norm1 = layers.groupNorm(new GroupNorm.Spec(both, groups, epsilon, true), w.at("norm1"));
            skipNorm = null;
            conv1 = layers.conv2d(Conv2d.Spec.of(both, out, 3).thenNormalized(), w.at("conv1"));
            skipConv = null;
        }
        norm2 = layers.groupNorm(new GroupNorm.Spec(out, groups, epsilon, true), w.at("norm2"));
        Conv2d.Spec last = Conv2d.Spec.of(out, out, 3).thenNormalized();
        Conv2d.Spec shortcut = Conv2d.Spec.of(in, out, 1);
        Weights shortcutWeights = w.at("conv_shortcut");
        if (apart) {
            conv2 = null;
            conv2AndShortcut = layers.residualConv2d(new ResidualConv2d.Spec(last, shortcut), w.at("conv2"),
                    InputChannels.ofConv(shortcutWeights, 0, in, both));
            skipShortcut = layers.conv2d(Conv2d.Spec.of(skip, out, 1),
                    InputChannels.ofConv(shortcutWeights, in, skip, both));
        } else if (both == out) {
            conv2 = layers.conv2d(last, w.at("conv2"));
            conv2AndShortcut = null;
            skipShortcut = null;
        } else {
            conv2 = null;
            conv2AndShortcut = layers.residualConv2d(new ResidualConv2d.Spec(last, shortcut.withConcat(skip)),
                    w.at("conv2"), shortcutWeights);
            skipShortcut = null;
        }
    }

    /**
     * [M or P, H, W, in] (and [M or P, H, W, skip]) → [B, H, W, out], B the most that an input has.
     *
     * @param skip   the second input; null for none
     * @param shifts the time's projections, of M or P; null for a block without
     * @param rows   from a trial's to a pair's entries; null for a block without time
     */
    public Tensor forward(Tensor x, Tensor skip, TimeProjections.Shifts shifts, PairRows rows) {
        int batch = time == null ? x.dim(0) : Math.max(x.dim(0), shifts.rows());
        if (skipNorm != null) {
            Tensor ofSkip = skipConv.forward(skipNorm.forward(skip), shifts.of(time, skip.dim(0)));     // [M, H, W, out]
            Tensor h = conv1.forward(norm1.forward(x), rows.expand(ofSkip, batch));     // [B, H, W, out]
            Tensor addend = rows.expand(skipShortcut.forward(skip), batch);             // [B, H, W, out]
            return conv2AndShortcut.forward(norm2.forward(h), x, null, addend);         // [B, H, W, out]
        }
        Tensor beside = skip == null ? null : rows.expand(skip, x.dim(0));              // [B, H, W, skip]
        Tensor h = norm1.forward(x, beside);                                            // [B, H, W, in + skip]
        h = time == null ? conv1.forward(h)                                             // [B, H, W, out]
                : conv1.forward(rows.expand(h, batch), shifts.of(time, batch));
        h = norm2.forward(h);
        Tensor around = time == null ? x : rows.expand(x, batch);                       // [B, H, W, in]
        return conv2AndShortcut == null ? conv2.forward(h, around)                      // [B, H, W, out]
                : conv2AndShortcut.forward(h, around, beside == null ? null : rows.expand(beside, batch), null);
    }
}
