package org.diffusionclassifier.device;

/** The element-wise functions of the networks. Φ is the normal distribution function, σ the logistic one. */
public enum Activation {
    NONE,
    /** x · σ(x). */
    SILU,
    /** x · Φ(x), by erf. */
    GELU,
    /** x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), the approximation of GELU that some networks were trained with. */
    GELU_TANH,
    /** x · σ(1.702 x), CLIP's. */
    QUICK_GELU,
    /** A layer of twice the columns, (a, g) ↦ a · gelu(g): the first half times the second half's GELU. */
    GEGLU
}
