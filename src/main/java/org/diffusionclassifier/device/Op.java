package org.diffusionclassifier.device;

import java.util.List;
import java.util.stream.Stream;

/**
 * One recorded operation: a kernel (or a few) with its operands fixed. It is given the chance to note its operands'
 * addresses by {@link #bind} before the first {@link #run} and again whenever the arena has moved.
 */
public interface Op extends AutoCloseable {

    /** What it computes, for profiles and error messages: {@code conv2d 3x3 320->320}. */
    String name();

    List<Tensor> reads();

    /** Outputs and scratch memory: everything that must hold nothing else while the operation runs. */
    List<Tensor> writes();

    /** Multiplications and additions, 2 for each pair, of matrix products and convolutions; 0 for the rest. */
    default long flops() {
        return 0;
    }

    /** Fewest bytes that it must move: each of its tensors once. */
    default long bytes() {
        return Stream.concat(reads().stream(), writes().stream()).distinct()
                .mapToLong(tensor -> tensor.elements() * tensor.type().bytes()).sum();
    }

    /** Addresses are known, and hold until the next call. */
    default void bind() {
    }

    void run();

    @Override
    default void close() {
    }
}
