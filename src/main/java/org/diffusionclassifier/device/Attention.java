package org.diffusionclassifier.device;

import org.diffusionclassifier.tensor.DType;

/**
 * Multi-head scaled dot-product attention, softmax(Q Kᵀ / √d) V (Vaswani et al., <i>Attention Is All You Need</i>, 2017,
 * arXiv 1706.03762). Head h is columns h·d to (h + 1)·d; rows may be strided, so that packed Q, K and V are taken as
 * they are. Scores and softmax are float32.
 */
public interface Attention extends Layer {

    /**
     * What the layer computes.
     *
     * @param heads  number of heads
     * @param width  columns of Q, K, V and the output; heads · d, with a d that the device has a kernel for
     * @param causal whether a token sees only itself and those before it
     */
    record Spec(int heads, int width, boolean causal) {

        public Spec {
            if (heads < 1 || width % heads != 0) {
                throw new IllegalArgumentException(width + " columns do not divide into " + heads + " heads");
            }
        }

        /**
         * Shape of the output.
         *
         * @throws IllegalArgumentException if the operands do not fit the layer or one another
         */
        public int[] outputShape(Tensor q, Tensor k, Tensor v, Tensor entry) {
            boolean tokens = q.rank() == 3 && k.rank() == 3 && v.rank() == 3;
            boolean fits = tokens && q.width() == width && k.width() == width && v.width() == width
                    && k.dim(0) == v.dim(0) && k.dim(1) == v.dim(1);
            boolean chosen = entry == null ? k.dim(0) == q.dim(0)
                    : entry.type() == DType.I32 && entry.elements() == q.dim(0);
            if (!fits || !chosen) {
                throw new IllegalArgumentException("attention " + this + " of " + q + ", " + k + ", " + v + " and "
                        + entry);
            }
            return q.shape();
        }

        public int headWidth() {
            return width / heads;
        }
    }

    /** [B, Lq, C], [B, Lk, C], [B, Lk, C] → [B, Lq, C]. */
    default Tensor forward(Tensor q, Tensor k, Tensor v) {
        return forward(q, k, v, null);
    }

    /**
     * [B, Lq, C], [N, Lk, C], [N, Lk, C] → [B, Lq, C], where each entry of the batch chooses its keys and values.
     *
     * @param entry [B] of int32 in [0, N), read when the graph runs; null if B = N and each has its own
     */
    Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry);
}
