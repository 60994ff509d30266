package org.diffusionclassifier.device;

import org.diffusionclassifier.tensor.DType;

/** y[b, i] = token[id[b, i]] + position[i]. */
public interface Embedding extends Layer {

    /**
     * The tables of the layer.
     *
     * @param vocabulary number of tokens
     * @param positions  most tokens of a text
     * @param width      C
     */
    record Spec(int vocabulary, int positions, int width) {

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException unless the ids are dense int32 [B, L] with L of the positions at most
         */
        public int[] outputShape(Tensor ids) {
            if (ids.rank() != 2 || ids.type() != DType.I32 || !ids.isDense() || ids.dim(1) > positions) {
                throw new IllegalArgumentException("embedding " + this + " of " + ids);
            }
            return new int[] {ids.dim(0), ids.dim(1), width};
        }
    }

    /**
     * [B, L] → [B, L, C].
     *
     * @param ids int32 in [0, vocabulary), read when the graph runs
     */
    Tensor forward(Tensor ids);
}
