package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/**
 * Weights that delegate to a base whatever a subclass does not override. What {@link Weights} derives, such as
 * {@link #require}, is derived from the overriding methods. A subclass also decides whether closing it closes the base.
 */
public interface WeightsView extends Weights {

    /** The base. */
    Weights base();

    @Override
    default String source() {
        return base().source();
    }

    @Override
    default String path() {
        return base().path();
    }

    @Override
    default Set<String> names() {
        return base().names();
    }

    @Override
    default boolean has(String name) {
        return base().has(name);
    }

    @Override
    default List<Integer> shape(String name) {
        return base().shape(name);
    }

    @Override
    default DType dtype(String name) {
        return base().dtype(name);
    }

    @Override
    default boolean channelsLast() {
        return base().channelsLast();
    }

    /** Gives values where {@link #readStored} is asked for those of a tensor of F32. */
    static void store(float[] values, ByteBuffer destination) {
        destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        destination.position(destination.limit());
    }

    @Override
    default void readStored(String name, long first, ByteBuffer destination) {
        base().readStored(name, first, destination);
    }
}
