package org.diffusionclassifier.device;

import java.util.Arrays;

/**
 * y = conv₃ₓ₃(h) + conv₁ₓ₁([x | skip]) + addend: the last convolution of a residual block, and the one in the shortcut
 * around the block. As one layer, a device can sum both at once and need not store either.
 */
public interface ResidualConv2d extends Layer {

    /**
     * What the layer computes.
     *
     * @param conv     of h: 3×3, and neither doubled nor in float32
     * @param shortcut of x and of a second input behind it, if it has one: 1×1, with as many channels of y
     */
    record Spec(Conv2d.Spec conv, Conv2d.Spec shortcut) {

        public Spec {
            boolean plain = conv.kernel() == 3 && !conv.upsample() && !conv.floatOutput()
                    && conv.fusion() == Conv2d.Fusion.NONE;
            boolean around = shortcut.kernel() == 1 && !shortcut.floatOutput() && !shortcut.normalized()
                    && shortcut.out() == conv.out();
            if (!plain || !around) {
                throw new IllegalArgumentException("the sum of convolutions " + conv + " and " + shortcut);
            }
        }

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException if the operands do not fit the layer
         */
        public int[] outputShape(Tensor h, Tensor x, Tensor skip, Tensor addend) {
            int[] shape = conv.outputShape(h, null, addend);
            if (conv.isPerImage(addend) || !Arrays.equals(shape, shortcut.outputShape(x, skip, null))) {
                throw new IllegalArgumentException("residual conv2d " + this + " of " + h + ", " + x + ", " + skip
                        + " and " + addend);
            }
            return shape;
        }
    }

    /**
     * [B, H', W', conv.out].
     *
     * @param h      [B, H, W, conv.in], dense as all inputs are
     * @param x      [B, H', W', shortcut.in]
     * @param skip   [B, H', W', shortcut.concat]; null if that is 0
     * @param addend in the shape of the result; null for none
     */
    Tensor forward(Tensor h, Tensor x, Tensor skip, Tensor addend);

    /** One after the other: what the shortcut gives is stored, and the convolution adds it. */
    record Apart(Spec spec, Conv2d conv, Conv2d shortcut) implements ResidualConv2d {

        @Override
        public Tensor forward(Tensor h, Tensor x, Tensor skip, Tensor addend) {
            spec.outputShape(h, x, skip, addend);
            return conv.forward(h, shortcut.forward(x, skip, addend));
        }

        @Override
        public void close() {
            conv.close();
            shortcut.close();
        }
    }
}
