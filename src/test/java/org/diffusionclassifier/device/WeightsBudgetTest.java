package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers whose weights arrive in every run compute the bits of those that keep them. */
@Tag("device")
class WeightsBudgetTest {

    private static final int CHANNELS = 24;

    static List<DType> types() {
        return Devices.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void streamedWeightsGiveTheSameBits(DType type) {
        var unlimited = WeightsBudget.unlimited();
        float[][] expected = outputs(type, unlimited);
        assertEquals(0, unlimited.kept(), "kept by layers that are closed");
        assertArrayEquals(expected, outputs(type, WeightsBudget.of(0)), "none kept");
        int conv = CHANNELS * CHANNELS * 9 * type.bytes();
        assertArrayEquals(expected, outputs(type, WeightsBudget.of(2 * conv)), "some kept");
    }

    /** The outputs of two batch shapes, the first of them run again after the second. */
    private static float[][] outputs(DType type, WeightsBudget budget) {
        try (Device device = Devices.open(type, budget);
                var network = new Network(device);
                var two = new Run(device, network, 2); var three = new Run(device, network, 3)) {
            assertEquals(budget.isUnlimited(), budget.streamed() == 0, budget.toString());
            return new float[][] {two.output(), three.output(), two.output()};
        }
    }

    /** A layer of every kind that has a matrix or filters, each of them leaning on the one before. */
    private record Network(Conv2d conv, Conv2d pointwise, Linear linear, Linear gated, Linear packed)
            implements AutoCloseable {

        Network(Device device) {
            this(device.conv2d(Conv2d.Spec.of(CHANNELS, CHANNELS, 3), new SyntheticWeights().at("a")),
                    device.conv2d(Conv2d.Spec.of(CHANNELS, CHANNELS, 1).withConcat(CHANNELS), new SyntheticWeights().at("b")),
                    device.linear(Linear.Spec.of(CHANNELS, CHANNELS), new SyntheticWeights().at("c")),
                    device.linear(Linear.Spec.of(CHANNELS, 2 * CHANNELS).then(Activation.GEGLU),
                            new SyntheticWeights().at("d")),
                    device.linear(Linear.Spec.of(2 * CHANNELS, 3 * CHANNELS).withoutBias(),
                            new SyntheticWeights().at("e"), new SyntheticWeights().at("f"),
                            new SyntheticWeights().at("g")));
        }

        Tensor forward(Tensor x) {
            Tensor h = pointwise.forward(conv.forward(x), x, null);
            h = linear.forward(h.reshape(h.rows(), CHANNELS));
            return packed.forward(gated.forward(h));
        }

        @Override
        public void close() {
            for (Layer layer : List.of(conv, pointwise, linear, gated, packed)) {
                layer.close();
            }
        }
    }

    private static final class Run implements AutoCloseable {

        private final Device device;
        private final Graph graph;
        private final AtomicReference<Tensor> output = new AtomicReference<>();

        Run(Device device, Network network, int images) {
            this.device = device;
            Tensor x = device.tensor(device.dtype(), images, 5, 4, CHANNELS);
            float[] values = new float[(int) x.elements()];
            var random = new SplittableRandom(images);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            device.write(x, values);
            graph = device.record(recorder -> {
                output.set(network.forward(x));
                recorder.keep(output.get());
            });
        }

        float[] output() {
            graph.run();
            return device.read(output.get());
        }

        @Override
        public void close() {
            graph.close();
        }
    }
}
