package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The first layer whose numbers leave the type's range is named, by a run that otherwise computes the same. */
@Tag("device")
class NotFiniteTest {

    private static final int CHANNELS = 24;

    static List<DType> types() {
        return Devices.types();
    }

    /** A convolution, a norm, a product and one more, of weights network.first, network.norm, … */
    private static final class Network implements AutoCloseable {

        private final Device device;
        private final List<Layer> layers;
        private final Tensor x;
        private final Graph graph;
        private final AtomicReference<Tensor> y = new AtomicReference<>();

        Network(Device device) {
            this.device = device;
            Weights weights = new SyntheticWeights().at("network");
            Conv2d first = device.conv2d(Conv2d.Spec.of(CHANNELS, CHANNELS, 3), weights.at("first"));
            GroupNorm norm = device.groupNorm(new GroupNorm.Spec(CHANNELS, 4, 1e-5f, false), weights.at("norm"));
            Linear product = device.linear(Linear.Spec.of(CHANNELS, CHANNELS).withoutBias(), weights.at("product"));
            Linear last = device.linear(Linear.Spec.of(CHANNELS, CHANNELS), weights.at("last"));
            layers = List.of(first, norm, product, last);
            x = device.tensor(device.dtype(), 2, 5, 4, CHANNELS);
            graph = device.record(recorder -> {
                Tensor h = norm.forward(first.forward(x));
                y.set(last.forward(product.forward(h.reshape(h.rows(), CHANNELS))));
                recorder.keep(y.get());
            });
        }

        Network given(float scale) {
            float[] values = new float[(int) x.elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = scale * (float) Math.sin(i);
            }
            device.write(x, values);
            return this;
        }

        @Override
        public void close() {
            graph.close();
            layers.forEach(Layer::close);
            device.release(x);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void aFiniteRunIsAnyOther(DType type) {
        try (Device device = Devices.open(type); var network = new Network(device).given(1)) {
            network.graph.run();
            float[] expected = device.read(network.y.get());
            assertEquals(Optional.empty(), network.graph.firstNotFinite());
            assertArrayEquals(expected, device.read(network.y.get()));
            device.checkFinite();
            network.graph.run();
            assertArrayEquals(expected, device.read(network.y.get()));
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void theLayerThatOverflowsIsNamed(DType type) {
        float most = type == DType.F16 ? 65504 : 0x1.fep127f;
        try (Device device = Devices.open(type); var network = new Network(device).given(most)) {
            NotFinite found = network.graph.firstNotFinite().orElseThrow();
            assertEquals("network.first", found.layer());
            assertEquals(2 * 5 * 4 * CHANNELS, found.elements());
            assertTrue(found.count() > 0 && found.count() < found.elements(), found.toString());
            assertEquals(most, found.given(), 1e-3 * most);
            assertTrue(found.largest() > most / 4 && found.largest() <= Float.MAX_VALUE, found.toString());
            device.checkFinite();
            String message = Fixtures.inputError(network.graph::run);
            assertTrue(message.startsWith("network.first (")
                    && message.contains("numbers are not finite and the others reach"), message);
        }
    }

    /** What arrives damaged is not the layer's fault, and the message says so. */
    @ParameterizedTest
    @MethodSource("types")
    void whatIsNotFiniteAlreadyIsSaidToBe(DType type) {
        try (Device device = Devices.open(type); var network = new Network(device).given(Float.NaN)) {
            NotFinite found = network.graph.firstNotFinite().orElseThrow();
            assertEquals("network.first", found.layer());
            assertEquals(0, found.largest());
            assertTrue(found.toString().contains("that are not finite either"), found.toString());
        }
    }
}
