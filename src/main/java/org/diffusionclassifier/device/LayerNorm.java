package org.diffusionclassifier.device;

/** y = (x − μ) / √(σ² + ε) · γ + β over each row (Ba et al., <i>Layer Normalization</i>, 2016, arXiv 1607.06450). */
public interface LayerNorm extends Layer {

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
         * @throws IllegalArgumentException unless x is dense and has the layer's channels
         */
        public int[] outputShape(Tensor x) {
            if (x.width() != channels || !x.isDense()) {
                throw new IllegalArgumentException("layer norm " + this + " of " + x);
            }
            return x.shape();
        }
    }

    /** [.., C] → [.., C]; x must be dense. */
    Tensor forward(Tensor x);
}
