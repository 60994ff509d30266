package org.diffusionclassifier.model.sd3;

import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/**
 * A block of the multimodal diffusion transformer: two streams of tokens, the image's and the caption's, with weights of
 * their own and one attention over both; around each a norm that time and caption scale and shift, and a sum that they
 * gate. (Esser et al., 2024, figure 2b.)
 *
 * <pre>
 *     image    norm · q k v ─┐                    ┌─ out · gate + ─ norm · MLP · gate +
 *                            ├─ joint attention ──┤
 *     caption  norm · q k v ─┘                    └─ out · gate + ─ norm · MLP · gate +
 * </pre>
 *
 * In some blocks of Stable Diffusion 3.5 medium the image's tokens have a second attention among themselves. In the last
 * block the caption's are only attended to: nothing is made of what would become of them.
 */
final class JointBlock {

    /** Both streams: [P, Li, C] and [P, Lc, C]; behind the last block no caption. */
    record Tokens(Tensor image, Tensor caption) {
    }

    private final int width;
    private final Device device;
    private final boolean last;
    private final Attention attention;
    private final Linear modulateImage;
    private final Linear modulateCaption;
    private final StreamProjections ofImage;
    private final StreamProjections ofCaption;
    private final Linear imageOut;
    private final Linear captionOut;
    private final StreamProjections ofSecond;
    private final Linear secondOut;
    private final StreamMlp imageMlp;
    private final StreamMlp captionMlp;

    JointBlock(MmditConfig config, int index, Weights w, Layers layers) {
        width = config.width();
        device = layers.device();
        last = config.isLast(index);
        boolean dual = config.dualLayers().contains(index);
        Weights joint = w.at("attn");
        Linear.Spec square = Linear.Spec.of(width, width);
        modulateImage = layers.linear(Linear.Spec.of(width, (dual ? 9 : 6) * width), w.at("norm1.linear"));
        modulateCaption = layers.linear(Linear.Spec.of(width, (last ? 2 : 6) * width), w.at("norm1_context.linear"));
        ofImage = StreamProjections.ofImage(config, joint, layers);
        ofCaption = StreamProjections.ofCaption(config, !last, joint, layers);
        attention = layers.attention(new Attention.Spec(config.heads(), width, false));
        imageOut = layers.linear(square, joint.at("to_out.0"));
        captionOut = last ? null : layers.linear(square, joint.at("to_add_out"));
        ofSecond = dual ? StreamProjections.ofImage(config, w.at("attn2"), layers) : null;
        secondOut = dual ? layers.linear(square, w.at("attn2.to_out.0")) : null;
        imageMlp = new StreamMlp(width, w.at("ff"), layers);
        captionMlp = last ? null : new StreamMlp(width, w.at("ff_context"), layers);
    }

    /** @param condition SiLU of time's and caption's vector together, [P, C] */
    Tokens forward(Tokens tokens, Tensor condition) {
        Tensor image = tokens.image();
        Tensor caption = tokens.caption();
        int places = image.dim(1);
        Tensor m = modulateImage.forward(condition);        // [P, 6C]: shift, scale, gate; twice, or three times
        Tensor n = modulateCaption.forward(condition);      // [P, 6C]: the same; in the last block [P, 2C]: scale, shift

        StreamProjections.Projected fromImage = ofImage.forward(modulated(image, m, 0, 1));
        StreamProjections.Projected fromCaption = ofCaption.forward(last ? modulated(caption, n, 1, 0)
                : modulated(caption, n, 0, 1));
        StreamProjections.Projected all = fromImage.joinedWith(fromCaption, device);
        Tensor seen = attention.forward(all.queries(), all.keys(), all.values());       // [P, Li + Lc, C]; last: Li

        Tensor ofImageSeen = last ? seen : device.someTokens(seen, 0, places);
        Tensor x = device.gatedSum(image, part(m, 2), imageOut.forward(ofImageSeen));
        if (ofSecond != null) {
            StreamProjections.Projected second = ofSecond.forward(modulated(image, m, 6, 7));
            x = device.gatedSum(x, part(m, 8), secondOut.forward(
                    attention.forward(second.queries(), second.keys(), second.values())));
        }
        x = device.gatedSum(x, part(m, 5), imageMlp.forward(modulated(x, m, 3, 4)));
        if (last) {
            return new Tokens(x, null);
        }
        Tensor c = device.gatedSum(caption, part(n, 2), captionOut.forward(
                device.someTokens(seen, places, caption.dim(1))));
        c = device.gatedSum(c, part(n, 5), captionMlp.forward(modulated(c, n, 3, 4)));
        return new Tokens(x, c);
    }

    /** The norm of tokens, shifted and scaled by parts of a modulation. */
    private Tensor modulated(Tensor tokens, Tensor modulation, int shift, int scale) {
        return device.adaptiveNorm(tokens, part(modulation, shift), part(modulation, scale), Mmdit.NORM_EPSILON);
    }

    private Tensor part(Tensor modulation, int i) {
        return modulation.columns(i * width, width);
    }
}
