package org.diffusionclassifier.model;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * What a layer over two feature maps side by side has for one of them, as the weights of a layer over that one alone.
 * The results of a norm's parts stand side by side, those of a convolution's are to be added: the first part has the
 * bias, the second zeros.
 *
 * @param base  {@code weight} and {@code bias} of the layer; stays open
 * @param norm  whether it is a norm, whose vectors go by input channels, or a convolution, whose bias does not
 * @param from  the part's first channel
 * @param count channels of the part
 * @param of    channels of the layer
 */
record InputChannels(Weights base, boolean norm, int from, int count, int of) implements WeightsView {

    /** Of a norm: {@code weight} and {@code bias} [count]. */
    static InputChannels ofNorm(Weights base, int from, int count, int of) {
        return new InputChannels(base, true, from, count, of);
    }

    /** Of a convolution: {@code weight} [out, count, size, size] and {@code bias} [out]. */
    static InputChannels ofConv(Weights base, int from, int count, int of) {
        return new InputChannels(base, false, from, count, of);
    }

    @Override
    public void requireFilters(String name, int out, int in, int size) {
        base.requireFilters(name, out, of, size);
    }

    @Override
    public void readFilters(String name, int out, int in, int size, FloatBuffer destination) {
        var whole = FloatBuffer.allocate(Math.multiplyExact(Math.multiplyExact(out, of), size * size));
        base.readFilters(name, out, of, size, whole);
        for (int at = from; at < whole.capacity(); at += of) {
            destination.put(whole.array(), at, count);
        }
    }

    @Override
    public List<Integer> shape(String name) {
        return norm ? List.of(count) : base.shape(name);
    }

    @Override
    public void require(String name, int... shape) {
        if (norm) {
            base.require(name, of);
        } else {
            base.require(name, shape);
        }
    }

    @Override
    public void read(String name, FloatBuffer destination) {
        if (norm) {
            destination.put(base.floats(name, of), from, count);
        } else if (from == 0) {
            base.read(name, destination);
        } else {
            destination.put(new float[Math.toIntExact(elements(name))]);
        }
    }

    /** @throws UnsupportedOperationException always: a part is read as floats */
    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        throw new UnsupportedOperationException("stored elements of " + this);
    }

    @Override
    public void close() {
    }
}
