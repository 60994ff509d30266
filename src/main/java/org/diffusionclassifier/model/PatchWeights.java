package org.diffusionclassifier.model;

import java.nio.FloatBuffer;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * The weights of a layer that takes whole patches, as a 1×1 convolution over [B, h/p, w/p, p·p·c], a patch's elements
 * being in the order row, column, channel: its filters, which as [out, p, p, c] are in that order already.
 *
 * @param base  {@code weight} and {@code bias}; stays open
 * @param patch p
 */
record PatchWeights(Weights base, int patch) implements WeightsView {

    @Override
    public void requireFilters(String name, int out, int in, int size) {
        base.requireFilters(name, out, in / (patch * patch), patch);
    }

    @Override
    public void readFilters(String name, int out, int in, int size, FloatBuffer destination) {
        base.readFilters(name, out, in / (patch * patch), patch, destination);
    }

    @Override
    public void require(String name, int... shape) {
        base.require(name, shape);
    }

    @Override
    public void close() {
    }
}
