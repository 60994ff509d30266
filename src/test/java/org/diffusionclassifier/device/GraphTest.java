package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Graph} and the memory below it: repeated runs, several graphs on one arena, persistent tensors, misuse. */
@ParameterizedClass
@MethodSource("org.diffusionclassifier.testing.Devices#types")
@Tag("device")
class GraphTest {

    private static final int WIDTH = 24;

    private final DType dtype;
    private final Device device;

    GraphTest(DType dtype) {
        this.dtype = dtype;
        this.device = Devices.open(dtype);
    }

    @AfterEach
    void close() {
        device.close();
    }

    /** Small network over any number of rows: linear, norm, attention, residual. */
    private static final class Network implements AutoCloseable {

        private final Device device;
        private final Linear linear;
        private final LayerNorm norm;
        private final Attention attention;
        private final Tensor x;
        private final Graph graph;
        private Tensor y;

        Network(Device device, int rows) {
            this.device = device;
            linear = device.linear(Linear.Spec.of(WIDTH, WIDTH).then(Activation.SILU), new MapWeights()
                    .with("weight", values(1, WIDTH * WIDTH), WIDTH, WIDTH).with("bias", values(2, WIDTH), WIDTH));
            norm = device.layerNorm(new LayerNorm.Spec(WIDTH, 1e-5f), new MapWeights()
                    .with("weight", values(3, WIDTH), WIDTH).with("bias", values(4, WIDTH), WIDTH));
            attention = device.attention(new Attention.Spec(3, WIDTH, false));
            x = device.tensor(device.dtype(), 1, rows, WIDTH);
            graph = device.record(recorder -> {
                Tensor h = norm.forward(linear.forward(x));
                y = linear.forward(attention.forward(h, h, h), h);
                recorder.keep(y);
            });
        }

        float[] run(long seed) {
            device.write(x, values(seed, (int) x.elements()));
            graph.run();
            return device.read(y);
        }

        @Override
        public void close() {
            graph.close();
            attention.close();
            norm.close();
            linear.close();
            device.release(x);
        }
    }

    private static float[] values(long seed, int count) {
        var random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private float[] alone(int rows, long seed) {
        try (Device fresh = Devices.open(dtype); var network = new Network(fresh, rows)) {
            return network.run(seed);
        }
    }

    @Test
    void theSameInputGivesTheSameBitsWhateverRanBefore() {
        try (var network = new Network(device, 33)) {
            float[] first = network.run(10);
            assertArrayEquals(alone(33, 11), network.run(11));
            assertArrayEquals(first, network.run(10));
        }
    }

    @Test
    void graphsShareAnArenaThatGrowsBetweenTheirRuns() {
        try (var small = new Network(device, 5);
                var large = new Network(device, 300);
                var largest = new Network(device, 2000)) {
            assertTrue(small.graph.arenaBytes() < large.graph.arenaBytes());
            for (int round = 0; round < 2; round++) {
                assertArrayEquals(alone(5, 20), small.run(20));
                assertArrayEquals(alone(300, 21), large.run(21));
                assertArrayEquals(alone(5, 22), small.run(22));
                assertArrayEquals(alone(2000, 23), largest.run(23));
                assertArrayEquals(alone(300, 24), large.run(24));
            }
        }
    }

    @Test
    void countsTheFlopsOfMatrixProducts() {
        Tensor x = device.tensor(dtype, 2, 7, 3);
        try (Linear linear = device.linear(Linear.Spec.of(3, 5).withoutBias(),
                    new MapWeights().with("weight", values(1, 15), 5, 3));
                Graph graph = device.record(recorder -> recorder.keep(linear.forward(x)))) {
            assertEquals(2L * 2 * 7 * 3 * 5, graph.flops());
        }
    }

    @Test
    void layersAreForwardedWhileRecordingOnly() {
        Tensor x = device.tensor(dtype, 1, 4);
        assertThrows(IllegalStateException.class, () -> device.activation(Activation.SILU, x));
        assertThrows(IllegalStateException.class, () -> device.record(outer -> device.record(inner -> { })));
    }

    @Test
    void recordsAgainAfterARecordingFailed() {
        Tensor x = device.tensor(dtype, 1, 4);
        assertThrows(ArithmeticException.class, () -> device.record(recorder -> {
            device.activation(Activation.SILU, x);
            throw new ArithmeticException();
        }));
        var y = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> {
            y.set(device.activation(Activation.SILU, x));
            recorder.keep(y.get());
        })) {
            graph.run();
            assertArrayEquals(new float[4], device.read(y.get()));
        }
    }

    @Test
    void refusesTheResultOfAnotherGraph() {
        Tensor x = device.tensor(dtype, 1, 4);
        var stray = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> stray.set(device.activation(Activation.SILU, x)))) {
            assertEquals(1, graph.ops().size());
            assertThrows(IllegalStateException.class,
                    () -> device.record(recorder -> device.activation(Activation.SILU, stray.get())));
        }
    }

    @Test
    void persistentTensorsBeginAtZeroAndKeepWhatIsWritten() {
        Tensor x = device.tensor(dtype, 2, 3);
        assertArrayEquals(new float[6], device.read(x));
        device.write(x, new float[] {1, -2, 3, 0.5f, Float.POSITIVE_INFINITY, -0.0f});
        assertArrayEquals(new float[] {1, -2, 3, 0.5f, Float.POSITIVE_INFINITY, -0.0f}, device.read(x));
        assertArrayEquals(new float[] {-2, 3, Float.POSITIVE_INFINITY, -0.0f}, device.read(x.columns(1, 2)));
        Tensor y = device.tensor(dtype, 3, 1, 3);
        device.copy(x.slice(1, 1), y.slice(2, 1));
        assertArrayEquals(new float[] {0, 0, 0, 0, 0, 0, 0.5f, Float.POSITIVE_INFINITY, -0.0f}, device.read(y));
        assertThrows(IllegalArgumentException.class, () -> device.write(x, new float[5]));
        assertThrows(IllegalArgumentException.class, () -> device.copy(x, y));
    }
}
