package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * Weights that are another's in all that they do not say otherwise. What {@link Weights} derives, as {@link #require}, it
 * derives from what they say; whether closing them closes the base is theirs to say, too.
 */
public interface WeightsView extends Weights {

    /** Whose they are. */
    Weights base();

    @Override
    default String source() {
        return base().source();
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

    @Override
    default void readStored(String name, long first, ByteBuffer destination) {
        base().readStored(name, first, destination);
    }
}
