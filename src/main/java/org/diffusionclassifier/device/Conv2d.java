package org.diffusionclassifier.device;

import java.util.Arrays;
import org.diffusionclassifier.device.Diffusion.Errors;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion.Trials;

/** y = conv(x) + b + addend, on channels-last feature maps. */
public interface Conv2d extends Layer {

    /** Which edges of the input a 3×3 filter with stride 2 sees zeros beyond. */
    enum Padding {
        /** One row and column on every side: (0 | H | 0). */
        SYMMETRIC,
        /** One row below and one column on the right only, as the autoencoder's downsampling has it. */
        BOTTOM_RIGHT
    }

    /** What a layer is computed together with, so that a device need not store what lies between. */
    enum Fusion {
        NONE,
        /** The noise that is mixed into its input: {@link #forward(Diffusion, Trials)}. */
        NOISED_INPUT,
        /** The error of its float32 output: {@link #errors}. */
        MEASURED_OUTPUT
    }

    /**
     * What the layer computes.
     *
     * @param in       channels of x
     * @param concat   channels of a second input that stands behind x's, for 1×1 filters; 0 for none
     * @param out      channels of y
     * @param kernel   1 or 3, the filter's width and height; 3 pads to keep the size
     * @param stride   1, or for 3×3 filters 2
     * @param padding  where a 3×3 filter pads
     * @param upsample whether x is doubled in both directions first (nearest neighbour), for 3×3 filters with
     *                 stride 1 that pad symmetrically
     * @param floatOutput whether y is float32 whatever the device computes in
     * @param normalized whether group norms follow, so that a device may gather what they need while it has y at hand
     * @param fusion     what a 3×3 filter with stride 1 is computed together with
     */
    record Spec(int in, int concat, int out, int kernel, int stride, Padding padding, boolean upsample,
                boolean floatOutput, boolean normalized, Fusion fusion) {

        public Spec {
            boolean pointwise = kernel == 1 && stride == 1 && !upsample;
            boolean spatial = kernel == 3 && (stride == 1 && (padding == Padding.SYMMETRIC || !upsample)
                    || stride == 2 && !upsample) && concat == 0;
            if (!pointwise && !spatial) {
                throw new IllegalArgumentException(kernel + "x" + kernel + " convolution with stride " + stride
                        + ", " + concat + " more channels" + (upsample ? ", doubling" : ""));
            }
            boolean plain = kernel == 3 && stride == 1 && padding == Padding.SYMMETRIC && !upsample;
            if (fusion != Fusion.NONE && (!plain || floatOutput != (fusion == Fusion.MEASURED_OUTPUT))) {
                throw new IllegalArgumentException("a convolution with " + fusion + " that is more than 3x3");
            }
        }

        public static Spec of(int in, int out, int kernel) {
            return new Spec(in, 0, out, kernel, 1, Padding.SYMMETRIC, false, false, false, Fusion.NONE);
        }

        public Spec withConcat(int channels) {
            return new Spec(in, channels, out, kernel, stride, padding, upsample, floatOutput, normalized, fusion);
        }

        public Spec halving(Padding where) {
            return new Spec(in, concat, out, kernel, 2, where, upsample, floatOutput, normalized, fusion);
        }

        public Spec doubling() {
            return new Spec(in, concat, out, kernel, stride, padding, true, floatOutput, normalized, fusion);
        }

        public Spec toFloat() {
            return new Spec(in, concat, out, kernel, stride, padding, upsample, true, normalized, fusion);
        }

        public Spec thenNormalized() {
            return new Spec(in, concat, out, kernel, stride, padding, upsample, floatOutput, true, fusion);
        }

        /** The network's first layer, whose input is the noised latent. */
        public Spec noisedInput() {
            return new Spec(in, concat, out, kernel, stride, padding, upsample, floatOutput, normalized,
                    Fusion.NOISED_INPUT);
        }

        /** The network's last layer, whose output is the prediction, in float32. */
        public Spec measuredOutput() {
            return new Spec(in, concat, out, kernel, stride, padding, upsample, true, normalized,
                    Fusion.MEASURED_OUTPUT);
        }

        /** @throws IllegalArgumentException unless the latent has the layer's input channels */
        public void requireLatent(Tensor x0) {
            if (x0.rank() != 3 || x0.width() != in) {
                throw new IllegalArgumentException("conv2d " + this + " of noised " + x0);
            }
        }

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException if the operands do not fit the layer
         */
        public int[] outputShape(Tensor x, Tensor skip, Tensor addend) {
            boolean inputs = x.isDense() && x.width() == in && (kernel == 1 || x.rank() == 4)
                    && (skip == null ? 0 : skip.width()) == concat
                    && (skip == null || skip.isDense() && skip.rows() == x.rows());
            int[] shape = x.shape();
            shape[shape.length - 1] = out;
            if (inputs && kernel == 3) {
                shape[1] = outputSize(shape[1]);
                shape[2] = outputSize(shape[2]);
            }
            if (!inputs || Arrays.stream(shape).anyMatch(size -> size < 1) || !adds(addend, shape)) {
                throw new IllegalArgumentException("conv2d " + this + " of " + x + ", " + skip + " and " + addend);
            }
            return shape;
        }

        /** Pixels of a 1×1 filter are rows, however they are arranged. */
        private boolean adds(Tensor addend, int[] shape) {
            if (addend == null || isPerImage(addend)) {
                return addend == null || Arrays.equals(addend.shape(), new int[] {shape[0], out});
            }
            boolean fits = kernel == 3 ? Arrays.equals(addend.shape(), shape)
                    : addend.width() == out && addend.rows() == Arrays.stream(shape).limit(shape.length - 1)
                            .reduce(1, Math::multiplyExact);
            return fits && addend.isDense();
        }

        /** Whether what is added is one row an image. */
        public boolean isPerImage(Tensor addend) {
            return kernel == 3 && addend != null && addend.rank() == 2;
        }

        /** Output size for an input of {@code size} rows or columns. */
        public int outputSize(int size) {
            int padded = kernel == 1 ? 0 : padding == Padding.SYMMETRIC ? 2 : 1;
            return Math.floorDiv((upsample ? 2 * size : size) + padded - kernel, stride) + 1;
        }
    }

    /** [B, H, W, in] → [B, H', W', out]. */
    default Tensor forward(Tensor x) {
        return forward(x, null, null);
    }

    /**
     * [B, H, W, in] → [B, H', W', out].
     *
     * @param addend a residual [B, H', W', out], or for 3×3 filters one row an image [B, out]
     */
    default Tensor forward(Tensor x, Tensor addend) {
        return forward(x, null, addend);
    }

    /**
     * [B, H, W, in] (and [B, H, W, concat]) → [B, H', W', out]. All inputs must be dense, but for an addend [B, out].
     *
     * @param skip   the second input of a layer with {@code concat} channels; null for none
     * @param addend as above; null for none
     */
    Tensor forward(Tensor x, Tensor skip, Tensor addend);

    /** As {@link #forward(Tensor)} of the noised latent of each trial: [M, h, w, out]. */
    default Tensor forward(Diffusion diffusion, Trials trials) {
        return forward(diffusion.addNoise(trials));
    }

    /** Errors of what the layer predicts from [P, h, w, in]: {@link Diffusion#errors} of {@link #forward(Tensor)}. */
    default Errors errors(Tensor x, Diffusion diffusion, Trials trials, Tensor trialOfPair, Measure measure) {
        return diffusion.errors(forward(x), trials, trialOfPair, measure);
    }
}
