package org.diffusionclassifier.model;

import java.nio.FloatBuffer;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * The matrix [out, in] of a linear layer as the filters of a 1×1 convolution, for what only a convolution can do: take two
 * inputs side by side, or put out float32.
 *
 * @param base {@code weight} and {@code bias}; stays open
 */
public record MatrixFilters(Weights base) implements WeightsView {

    @Override
    public void requireFilters(String name, int out, int in, int size) {
        base.require(name, out, in);
    }

    @Override
    public void readFilters(String name, int out, int in, int size, FloatBuffer destination) {
        base.require(name, out, in);
        base.read(name, destination);
    }

    @Override
    public void require(String name, int... shape) {
        base.require(name, shape);
    }

    @Override
    public void close() {
    }
}
