package org.diffusionclassifier.device;

/**
 * y = x / √(mean of x² + ε) · γ over each C neighbouring columns (Zhang and Sennrich, <i>Root Mean Square Layer
 * Normalization</i>, 2019, arXiv 1910.07467). A row is one such group in a text encoder, and as many as there are heads
 * where queries and keys are normalised.
 */
public interface RmsNorm extends Layer {

    /**
     * What the layer computes.
     *
     * @param channels C
     * @param epsilon  ε
     */
    record Spec(int channels, float epsilon) {

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException unless x has a multiple of the layer's channels
         */
        public int[] outputShape(Tensor x) {
            if (x.width() % channels != 0) {
                throw new IllegalArgumentException("RMS norm " + this + " of " + x);
            }
            return x.shape();
        }
    }

    /** [.., n·C] → [.., n·C], dense; the rows of x may be any distance apart. */
    Tensor forward(Tensor x);
}
