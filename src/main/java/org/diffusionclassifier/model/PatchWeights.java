package org.diffusionclassifier.model;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.weights.Weights;

/**
 * The weights of a layer that takes whole patches, as a 1×1 convolution over [B, h/p, w/p, p·p·c]: its filters [out, c,
 * p, p] become [out, p·p·c, 1, 1], a patch's elements being in the order row, column, channel. A linear layer's matrix
 * [out, c] becomes such a filter as it is.
 *
 * @param base     {@code weight} and {@code bias}; stays open
 * @param channels c
 * @param patch    p; 1 for a linear layer
 * @param linear   whether it is one
 */
record PatchWeights(Weights base, int channels, int patch, boolean linear) implements Weights {

    /** Filters [out, c, p, p]. */
    static PatchWeights filters(Weights base, int channels, int patch) {
        return new PatchWeights(base, channels, patch, false);
    }

    /** A matrix [out, c]. */
    static PatchWeights matrix(Weights base, int channels) {
        return new PatchWeights(base, channels, 1, true);
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return base.names();
    }

    @Override
    public List<Integer> shape(String name) {
        List<Integer> shape = base.shape(name);
        return name.equals("weight") ? List.of(shape.get(0), patch * patch * channels, 1, 1) : shape;
    }

    @Override
    public void require(String name, int... shape) {
        if (!name.equals("weight")) {
            base.require(name, shape);
        } else if (linear) {
            base.require(name, shape[0], channels);
        } else {
            base.require(name, shape[0], channels, patch, patch);
        }
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        if (linear || !name.equals("weight")) {
            base.read(name, destination);
            return;
        }
        int filter = patch * patch * channels;
        var filters = FloatBuffer.allocate(Math.multiplyExact(base.shape(name).get(0), filter));
        base.read(name, filters);
        for (int i = 0; i < filters.capacity(); i++) {
            int channel = i % channels;
            int pixel = i % filter / channels;
            destination.put(filters.get(i - i % filter + channel * patch * patch + pixel));
        }
    }

    @Override
    public void close() {
    }
}
