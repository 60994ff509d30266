package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The named tensors of one network, read as {@code float} whatever their stored type. A network asks for each by its
 * name and the shape that its configuration requires. {@link #at} gives a part of the network names relative to that
 * part. Every {@link InputException} names the file and the tensor in full.
 *
 * <p>An implementation lists its tensors and returns elements as they are stored. Everything else is derived from that.
 */
public interface Weights extends AutoCloseable {

    /** The name of this source in messages: the file that holds the tensors, or the index of its shards. */
    String source();

    /** The part of the network that this is a view of, as {@code down_blocks.0.attentions.1}; empty for all of it. */
    default String path() {
        return "";
    }

    /** Every tensor's name, in file order. */
    Set<String> names();

    /**
     * The shape of a tensor, row-major, outermost dimension first.
     *
     * @throws InputException if there is no such tensor
     */
    List<Integer> shape(String name);

    /**
     * The stored type of a tensor's elements.
     *
     * @throws InputException if there is no such tensor
     */
    DType dtype(String name);

    /**
     * Fills what remains of {@code destination} with a tensor's elements from {@code first} on, in row-major order, each
     * as it is stored, in little-endian order.
     *
     * @param destination room for a whole number of elements, at most those that exist
     * @throws InputException if there is no such tensor, or it cannot be read
     */
    void readStored(String name, long first, ByteBuffer destination);

    @Override
    void close();

    default boolean has(String name) {
        return names().contains(name);
    }

    /**
     * Whether filters are stored as [out, height, width, in], in which devices compute, rather than as PyTorch's
     * [out, in, height, width].
     */
    default boolean channelsLast() {
        return false;
    }

    /** Number of a tensor's elements: the product of its shape, 1 for a scalar. */
    default long elements(String name) {
        return shape(name).stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /**
     * Decodes a tensor, in row-major order, from the position of {@code destination} on, and advances that position.
     *
     * @throws InputException           if there is no such tensor, it does not hold floats, or it cannot be read
     * @throws IllegalArgumentException if {@code destination} has too few elements remaining
     */
    default void read(String name, FloatBuffer destination) {
        long elements = elements(name);
        if (destination.remaining() < elements) {
            throw new IllegalArgumentException(destination.remaining() + " elements remain for tensor " + name
                    + " of " + elements);
        }
        int end = destination.position() + (int) elements;
        read(name, 0, destination.duplicate().limit(end));
        destination.position(end);
    }

    /** Fills what remains of {@code destination} with the values from the tensor's element {@code first} on. */
    default void read(String name, long first, FloatBuffer destination) {
        requireFloats(name);
        DType dtype = dtype(name);
        int most = Math.min(destination.remaining(), DataFile.CHUNK / dtype.bytes());
        var chunk = ByteBuffer.allocate(most * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = first; destination.hasRemaining(); at += chunk.limit() / dtype.bytes()) {
            chunk.clear().limit(Math.min(most, destination.remaining()) * dtype.bytes());
            readStored(name, at, chunk);
            FloatFormats.decode(dtype, chunk.flip(), destination);
        }
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

    /** @throws InputException unless a tensor's elements are floating-point numbers */
    default void requireFloats(String name) {
        if (!dtype(name).isFloat()) {
            throw new InputException(source() + ": tensor " + name
                    + ": expected dtype F64, F32, F16, BF16 or F8, found " + dtype(name));
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

    /** @throws InputException unless there are such square filters of a convolution, in either layout */
    default void requireFilters(String name, int out, int in, int size) {
        if (channelsLast()) {
            require(name, out, size, size, in);
        } else {
            require(name, out, in, size, size);
        }
    }

    /**
     * Decodes the square filters of a convolution, stored in either layout, as [out, size, size, in], from the position
     * of {@code destination} on, and advances that position.
     *
     * @throws InputException if there is no such tensor, its shape is another, or it cannot be read
     */
    default void readFilters(String name, int out, int in, int size, FloatBuffer destination) {
        requireFilters(name, out, in, size);
        if (channelsLast() || size == 1) {
            read(name, destination);
            return;
        }
        int each = Math.multiplyExact(in, size * size);
        var kept = FloatBuffer.allocate(each);
        var turned = new float[each];
        for (int i = 0; i < out; i++) {
            read(name, (long) i * each, kept.clear());
            Filters.toChannelsLast(kept.array(), turned, 1, in, size * size);
            destination.put(turned);
        }
    }

    /**
     * A view of the tensors whose names begin with {@code prefix} and a dot, named without these. Closing it does
     * nothing.
     */
    default Weights at(String prefix) {
        return new PrefixedWeights(this, prefix);
    }
}
