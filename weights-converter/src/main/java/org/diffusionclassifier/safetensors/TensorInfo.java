package org.diffusionclassifier.safetensors;

import java.util.List;
import org.diffusionclassifier.tensor.DType;

/**
 * Where a tensor lies in its safetensors file and how to interpret it.
 *
 * @param shape  row-major, outermost dimension first; empty for a scalar
 * @param offset of its first byte, counted from the start of the file
 * @param bytes  its length in bytes: what the shape takes at {@code dtype.bits()} each, if that is known
 */
public record TensorInfo(String name, DType dtype, List<Integer> shape, long offset, long bytes) {

    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** Number of elements: the product of the shape, 1 for a scalar. */
    public long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
}
