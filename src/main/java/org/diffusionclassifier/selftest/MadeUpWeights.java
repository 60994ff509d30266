package org.diffusionclassifier.selftest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * Synthetic weights for comparing two devices: matrices and filters hold values that both have exactly, and gains and
 * biases differ from channel to channel, so that one applied to another's channel shows.
 *
 * @param base     what matrices and filters are made of
 * @param rounding to the narrower of the two devices' types
 */
record MadeUpWeights(Weights base, UnaryOperator<Float> rounding) implements WeightsView {

    private static final double SPREAD = 0.25;

    MadeUpWeights(UnaryOperator<Float> rounding) {
        this(new SyntheticWeights(), rounding);
    }

    @Override
    public void require(String name, int... shape) {
        base.require(name, shape);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        FloatBuffer values = destination.order(ByteOrder.LITTLE_ENDIAN).slice().order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        base.readStored(name, first, destination);
        boolean vector = shape(name).size() == 1;
        for (int i = 0; i < values.limit(); i++) {
            values.put(i, vector ? values.get(i) + deviation(name, first + i) : rounding.apply(values.get(i)));
        }
    }

    private static float deviation(String name, long channel) {
        return (float) (SPREAD * new SplittableRandom(31 * channel + name.hashCode()).nextGaussian());
    }

    @Override
    public void close() {
        base.close();
    }
}
