package org.diffusionclassifier.checkpoint;

import java.util.List;

/**
 * A tensor that a network asks for.
 *
 * @param name  within its component, in diffusers' or transformers' words
 * @param shape as PyTorch has it: filters are [out, in, height, width]
 * @param table whether it is a table of embeddings, of which a row is looked up, rather than a layer's weights
 */
public record TensorSpec(String name, List<Integer> shape, boolean table) {

    public TensorSpec {
        shape = List.copyOf(shape);
    }

    /** Of a layer. */
    public static TensorSpec of(String name, Integer... shape) {
        return new TensorSpec(name, List.of(shape), false);
    }

    /** Of embeddings, [rows, width]. */
    public static TensorSpec table(String name, int rows, int width) {
        return new TensorSpec(name, List.of(rows, width), true);
    }

    public boolean isFilter() {
        return shape.size() == 4;
    }

    /** The shape with filters as [out, height, width, in]. */
    public List<Integer> channelsLast() {
        return isFilter() ? List.of(shape.get(0), shape.get(2), shape.get(3), shape.get(1)) : shape;
    }

    /** The product of the shape. */
    public long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
}
