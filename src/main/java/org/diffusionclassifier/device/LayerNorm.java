package org.diffusionclassifier.device;

/** y = (x − μ) / √(σ² + ε) · γ + β over each row (Ba et al., <i>Layer Normalization</i>, 2016, arXiv 1607.06450). */
public interface LayerNorm extends Layer {

    /** [.., C] → [.., C]; x must be dense. */
    Tensor forward(Tensor x);
}
