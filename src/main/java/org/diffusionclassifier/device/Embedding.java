package org.diffusionclassifier.device;

/** y[b, i] = token[id[b, i]] + position[i]. */
public interface Embedding extends Layer {

    /**
     * [B, L] → [B, L, C].
     *
     * @param ids int32 in [0, vocabulary), read when the graph runs
     */
    Tensor forward(Tensor ids);
}
