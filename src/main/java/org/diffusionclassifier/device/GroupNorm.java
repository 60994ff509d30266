package org.diffusionclassifier.device;

/**
 * y = act((x − μ) / √(σ² + ε) · γ + β), with mean and variance over the pixels and channels of each of an image's
 * groups (Wu and He, <i>Group Normalization</i>, 2018, arXiv 1803.08494).
 */
public interface GroupNorm extends Layer {

    /**
     * What the layer computes.
     *
     * @param channels C, a multiple of {@code groups}
     * @param groups   runs of C / groups consecutive channels
     * @param epsilon  ε
     * @param silu     whether SiLU follows
     */
    record Spec(int channels, int groups, float epsilon, boolean silu) {

        public Spec {
            if (groups < 1 || channels % groups != 0) {
                throw new IllegalArgumentException(channels + " channels do not divide into " + groups + " groups");
            }
        }

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException unless both inputs are dense, of as many pixels, and have the layer's channels
         *                                  together
         */
        public int[] outputShape(Tensor x, Tensor skip) {
            int width = x.width() + (skip == null ? 0 : skip.width());
            boolean beside = skip == null || skip.isDense() && skip.rows() == x.rows();
            if (width != channels || !x.isDense() || !beside) {
                throw new IllegalArgumentException("group norm " + this + " of " + x + " and " + skip);
            }
            int[] shape = x.shape();
            shape[shape.length - 1] = channels;
            return shape;
        }
    }

    /** [B, .., C] → [B, .., C]; x must be dense. */
    default Tensor forward(Tensor x) {
        return forward(x, null);
    }

    /**
     * [B, .., C₁] and [B, .., C₂] → [B, .., C₁ + C₂]: the norm of both inputs' channels, one behind the other.
     *
     * @param x    dense
     * @param skip the second input, dense; null for none
     */
    Tensor forward(Tensor x, Tensor skip);
}
