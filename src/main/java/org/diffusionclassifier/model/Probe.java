package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Tensor;

/** Looks at a network's intermediate results while its forward pass is recorded; for tests and studies. */
@FunctionalInterface
public interface Probe {

    Probe NONE = (name, value) -> { };

    /**
     * @param name  where, in the checkpoint's names: {@code conv_in}, {@code down_blocks.0}, {@code mid_block}, …
     * @param value the tensor that will hold the result when the graph runs
     */
    void at(String name, Tensor value);
}
