package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.driver.EmulatedProfile;
import org.diffusionclassifier.tensor.SyntheticWeights;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Cards and threads in any combination: two emulated cards in this process, whose driver refuses a call without a
 * context, and one that is given a stream, a module or memory of another context than the current one.
 */
@Tag("cuda")
class ContextTest {

    private static final int CHANNELS = 16;

    @BeforeAll
    static void twoCards() {
        EmulatedProfile.pretendCards(2);
    }

    @AfterAll
    static void oneCard() {
        EmulatedProfile.pretendCards(1);
    }

    /** A convolution on a card of its own. */
    private static final class Run implements AutoCloseable {

        private final CudaDevice device;
        private final Conv2d conv;
        private final Tensor x;
        private final Graph graph;
        private final AtomicReference<Tensor> y = new AtomicReference<>();

        Run(int card, Kernels kernels, WeightsBudget budget) {
            device = CudaDevice.openEmulated(card, kernels, budget);
            conv = device.conv2d(Conv2d.Spec.of(CHANNELS, CHANNELS, 3), new SyntheticWeights().at("conv"));
            x = device.tensor(device.dtype(), 1, 6, 5, CHANNELS);
            graph = device.record(recorder -> {
                y.set(conv.forward(x));
                recorder.keep(y.get());
            });
        }

        float[] of(int seed) {
            var random = new SplittableRandom(seed);
            var values = new float[(int) x.elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            device.write(x, values);
            graph.run();
            return device.read(y.get());
        }

        @Override
        public void close() {
            graph.close();
            conv.close();
            device.release(x);
            device.close();
        }
    }

    private static float[] expected(int seed) {
        try (var run = new Run(0, Kernels.NATIVE, WeightsBudget.unlimited())) {
            return run.of(seed);
        }
    }

    @Test
    void twoCardsTakeTurnsOnOneThread() {
        try (var first = new Run(0, Kernels.NATIVE, WeightsBudget.unlimited());
                var second = new Run(1, Kernels.NATIVE, WeightsBudget.of(0))) {
            for (int seed = 0; seed < 3; seed++) {
                assertArrayEquals(first.of(seed), second.of(seed));
            }
            assertTrue(first.device.gpu().freeBytes() < first.device.gpu().totalBytes());
        }
    }

    @Test
    void theVendorsLibrariesTakeTurns() {
        try (var first = new Run(0, Kernels.VENDOR, WeightsBudget.unlimited());
                var second = new Run(1, Kernels.VENDOR, WeightsBudget.unlimited())) {
            for (int seed = 0; seed < 2; seed++) {
                assertArrayEquals(first.of(seed), second.of(seed));
            }
        }
    }

    /** Opened by a third thread and closed by it; the two exchange their cards between the runs. */
    @Test
    void twoThreadsExchangeTwoCards() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        ExecutorService other = Executors.newSingleThreadExecutor();
        try (var first = new Run(0, Kernels.NATIVE, WeightsBudget.unlimited());
                var second = new Run(1, Kernels.NATIVE, WeightsBudget.of(0))) {
            for (int seed = 0; seed < 4; seed++) {
                int now = seed;
                Callable<float[]> onFirst = () -> first.of(now);
                Callable<float[]> onSecond = () -> second.of(now + 1);
                List<Future<float[]>> results = seed % 2 == 0
                        ? List.of(one.submit(onFirst), other.submit(onSecond))
                        : List.of(other.submit(onFirst), one.submit(onSecond));
                assertArrayEquals(expected(seed), results.get(0).get());
                assertArrayEquals(expected(seed + 1), results.get(1).get());
            }
        } finally {
            one.shutdown();
            other.shutdown();
        }
    }
}
