package org.diffusionclassifier.model.dit;

import java.nio.FloatBuffer;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * The weights of a layer that takes whole patches, as a 1×1 convolution over [B, h/p, w/p, p·p·c], a patch's elements
 * being in the order row, column, channel: its filters, which as [out, p, p, c] are in that order already, or the matrix
 * [out, c] of a linear layer, whose patch is one pixel.
 *
 * @param base   {@code weight} and {@code bias}; stays open
 * @param patch  p; 1 for a linear layer
 * @param linear whether it is one
 */
record PatchWeights(Weights base, int patch, boolean linear) implements WeightsView {

    /** Filters of p × p pixels. */
    static PatchWeights filters(Weights base, int patch) {
        return new PatchWeights(base, patch, false);
    }

    /** A matrix [out, c]. */
    static PatchWeights matrix(Weights base) {
        return new PatchWeights(base, 1, true);
    }

    @Override
    public void requireFilters(String name, int out, int in, int size) {
        if (linear) {
            base.require(name, out, in);
        } else {
            base.requireFilters(name, out, in / (patch * patch), patch);
        }
    }

    @Override
    public void readFilters(String name, int out, int in, int size, FloatBuffer destination) {
        if (linear) {
            base.require(name, out, in);
            base.read(name, destination);
        } else {
            base.readFilters(name, out, in / (patch * patch), patch, destination);
        }
    }

    @Override
    public void require(String name, int... shape) {
        base.require(name, shape);
    }

    @Override
    public void close() {
    }
}
