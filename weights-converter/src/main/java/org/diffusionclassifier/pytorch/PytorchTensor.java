package org.diffusionclassifier.pytorch;

import java.util.List;
import org.diffusionclassifier.tensor.DType;

/**
 * A tensor as PyTorch keeps it: a view of a storage, which other tensors may share. Element (i, j, …) is the storage's
 * element {@code offset + i·strides[0] + j·strides[1] + …}.
 *
 * @param offset  in elements
 * @param shape   outermost dimension first; empty for a scalar
 * @param strides in elements, one for each dimension, not negative
 */
record PytorchTensor(Storage storage, long offset, List<Integer> shape, List<Long> strides) {

    PytorchTensor {
        shape = List.copyOf(shape);
        strides = List.copyOf(strides);
    }

    /** @param key what the checkpoint calls it */
    record Storage(String key, DType dtype, long elements) {

        static final long MAX_ELEMENTS = Long.MAX_VALUE / Long.BYTES;

        Storage {
            if (elements < 0 || elements > MAX_ELEMENTS) {
                throw new IllegalArgumentException("a storage of 0 to 2^60 - 1 elements");
            }
        }

        long bytes() {
            return elements * dtype.bytes();
        }
    }

    /** Number of elements: the product of the shape, 1 for a scalar. */
    long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /** How many elements of the storage lie from the tensor's first to its last, both included. */
    long span() {
        if (shape.contains(0)) {
            return 0;
        }
        long span = 1;
        for (int i = 0; i < shape.size(); i++) {
            span = Math.addExact(span, Math.multiplyExact(strides.get(i), shape.get(i) - 1L));
        }
        return span;
    }

    /** Whether the elements lie in the storage one behind the other, in row-major order. */
    boolean isContiguous() {
        long expected = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            if (shape.get(i) != 1 && strides.get(i) != expected) {
                return shape.contains(0);
            }
            expected *= shape.get(i);
        }
        return true;
    }

    /** Whether every element is one of the storage's. Unless this is so, the counts above may overflow. */
    boolean isWithinStorage() {
        try {
            elements();
            return Math.addExact(offset, span()) <= storage.elements();
        } catch (ArithmeticException overflow) {
            return false;
        }
    }
}
