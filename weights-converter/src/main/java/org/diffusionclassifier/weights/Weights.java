package org.diffusionclassifier.weights;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The named tensors of one network, read as {@code float} whatever they are stored as. A network asks for each by name
 * and for the shape that its configuration demands; {@link #at} gives a part of the network the names relative to it.
 * Every {@link InputException} names the file and the tensor in full.
 */
public interface Weights extends AutoCloseable {

    /** What messages call it: the file that holds the tensors, or the index of its shards. */
    String source();

    /** Every tensor's name, in file order. */
    Set<String> names();

    /**
     * The shape of a tensor, row-major, outermost dimension first.
     *
     * @throws InputException if there is no such tensor
     */
    List<Integer> shape(String name);

    /**
     * Decodes a tensor, in row-major order, from the position of {@code destination} on, and advances that position.
     *
     * @throws InputException           if there is no such tensor, it does not hold floats, or it cannot be read
     * @throws IllegalArgumentException if {@code destination} has too few elements remaining
     */
    void read(String name, FloatBuffer destination);

    @Override
    void close();

    default boolean has(String name) {
        return names().contains(name);
    }

    /** @throws InputException unless there is a tensor of that name and exactly that shape */
    default void require(String name, int... shape) {
        if (!has(name)) {
            throw new InputException(source() + ": no tensor " + name + " (expected shape " + Arrays.toString(shape)
                    + ")");
        }
        List<Integer> expected = Arrays.stream(shape).boxed().toList();
        if (!shape(name).equals(expected)) {
            throw new InputException(source() + ": tensor " + name + ": expected shape " + expected + ", found "
                    + shape(name));
        }
    }

    /** The values of a tensor, row-major, after {@link #require}. */
    default float[] floats(String name, int... shape) {
        require(name, shape);
        long elements = Arrays.stream(shape).asLongStream().reduce(1, (a, b) -> a * b);
        if (elements > Integer.MAX_VALUE - 8) {
            throw new InputException(source() + ": tensor " + name + ": expected fewer than 2^31 elements, found "
                    + elements);
        }
        var values = new float[(int) elements];
        read(name, FloatBuffer.wrap(values));
        return values;
    }

    /**
     * A view of the tensors whose names begin with {@code prefix} and a dot, named without these. Closing it does
     * nothing.
     */
    default Weights at(String prefix) {
        return new PrefixedWeights(this, prefix, false);
    }
}
