package org.diffusionclassifier.checkpoint.adapter;

/**
 * A change of one tensor W of a network that was learnt beside it: a LoRA or one of its relatives, a class each, whose
 * head has the formula. {@link AdapterFile} makes them of a file's tensors. They check the shapes of these when they
 * are made, and read them only when they are applied.
 *
 * <p>W is taken as a matrix in PyTorch's order: a row for each output, and in a row, of a convolution, the pixels of
 * one input after those of another, [out, in · pixels].
 */
public interface Adapter {

    /**
     * Changes W as the adapter was trained to, in place.
     *
     * @param weights all elements of the tensor
     * @throws org.diffusionclassifier.tensor.InputException if the adapter cannot be read
     */
    void adapt(float[] weights);

    /**
     * W + scale · (W′ − W), in place: as much of the change as is wanted, which for a product is the product's scale.
     */
    default void adapt(float[] weights, float scale) {
        if (scale == 1) {
            adapt(weights);
            return;
        }
        float[] before = weights.clone();
        adapt(weights);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = before[i] + scale * (weights[i] - before[i]);
        }
    }
}
