package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@link Device#exclusively}: any thread may use a device, one at a time, in the order in which they came. */
@Timeout(60)
@Tag("device")
class ExclusiveUseTest {

    private final Device device = Devices.open(Devices.types().get(0));

    @AfterEach
    void close() {
        device.close();
    }

    /** On CUDA a context is current to a thread: one that did not open the device had none. */
    @Test
    void anotherThreadOpensRecordsRunsAndReads() {
        assertArrayEquals(new float[] {3, -1.5f}, elsewhere(() -> device.exclusively(() -> doubled(1.5f, -0.75f))).join());
        assertArrayEquals(new float[] {1, 4}, device.exclusively(() -> doubled(0.5f, 2)));
    }

    /** Two threads at once, again and again: each gets the results of its own numbers. */
    @Test
    void threadsDoNotMixTheirWork() {
        var all = IntStream.range(0, 2).mapToObj(thread -> elsewhere(() -> {
            for (int i = 0; i < 20; i++) {
                float x = 1000 * thread + i;
                assertArrayEquals(new float[] {2 * x}, device.exclusively(() -> doubled(x)));
            }
            return null;
        })).toList();
        all.forEach(CompletableFuture::join);
    }

    @Test
    void threadsTakeTurnsInTheOrderInWhichTheyCome() throws InterruptedException {
        List<Integer> order = new ArrayList<>();
        List<Thread> waiting = new ArrayList<>();
        device.exclusively(() -> {
            for (int i = 0; i < 4; i++) {
                int number = i;
                var thread = new Thread(() -> device.exclusively(() -> order.add(number)));
                thread.start();
                waiting.add(thread);
                while (thread.getState() != Thread.State.WAITING) {
                    assertTrue(thread.isAlive(), "thread " + i + " did not wait");
                    Thread.onSpinWait();
                }
            }
            assertTrue(order.isEmpty(), "the device was not held");
            return null;
        });
        for (Thread thread : waiting) {
            thread.join();
        }
        assertEquals(List.of(0, 1, 2, 3), order);
    }

    @Test
    void workMayAskForTheDeviceAgain() {
        assertEquals(7, device.exclusively(() -> device.exclusively(() -> 3) + device.exclusively(() -> 4)));
    }

    @Test
    void workThatFailsGivesTheDeviceBack() {
        assertThrows(IllegalStateException.class, () -> device.exclusively(() -> {
            throw new IllegalStateException("on purpose");
        }));
        assertEquals("free", elsewhere(() -> device.exclusively(() -> "free")).join());
    }

    /** 2x, by a tensor and a graph of its own. */
    private float[] doubled(float... x) {
        Tensor input = device.tensor(DType.F32, 1, x.length);
        device.write(input, x);
        var output = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> {
            output.set(device.affine(input, 0, 2));
            recorder.keep(output.get());
        })) {
            graph.run();
            return device.read(output.get());
        } finally {
            device.release(input);
        }
    }

    private static <T> CompletableFuture<T> elsewhere(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, command -> new Thread(command).start())
                .orTimeout(50, TimeUnit.SECONDS);
    }
}
