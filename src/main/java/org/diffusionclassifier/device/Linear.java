package org.diffusionclassifier.device;

/** y = act(x Wᵀ + b) + residual, over the rows of x. */
public interface Linear extends Layer {

    /**
     * What the layer computes.
     *
     * @param in         columns of x
     * @param out        columns of y (for GEGLU, half as many as W has rows)
     * @param bias       whether there is a {@code bias} tensor
     * @param activation applied after the bias
     * @param normalized whether group norms follow, so that a device may gather what they need while it has y at hand
     */
    record Spec(int in, int out, boolean bias, Activation activation, boolean normalized) {

        public static Spec of(int in, int out) {
            return new Spec(in, out, true, Activation.NONE, false);
        }

        public Spec withoutBias() {
            return new Spec(in, out, false, activation, normalized);
        }

        public Spec then(Activation next) {
            return new Spec(in, out, bias, next, normalized);
        }

        public Spec thenNormalized() {
            return new Spec(in, out, bias, activation, true);
        }

        /**
         * Shape of y.
         *
         * @throws IllegalArgumentException if the operands do not fit the layer
         */
        public int[] outputShape(Tensor x, Tensor residual) {
            boolean residualFits = residual == null
                    || activation != Activation.GEGLU && residual.elements() == (long) x.rows() * out;
            if (x.width() != in || !residualFits) {
                throw new IllegalArgumentException("linear " + this + " of " + x + " and " + residual);
            }
            int[] shape = x.shape();
            shape[shape.length - 1] = out;
            return shape;
        }
    }

    /** [.., in] → [.., out]. */
    default Tensor forward(Tensor x) {
        return forward(x, null);
    }

    /**
     * [.., in] → [.., out].
     *
     * @param residual [.., out], added last; null for none, as a GEGLU layer takes none
     */
    Tensor forward(Tensor x, Tensor residual);
}
