package org.diffusionclassifier.device.cpu.dnnl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.jna.NativeLibrary;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;

/** The number of threads belongs to the thread that sets it, and reaches the OpenMP that oneDNN asks. */
class OneDnnThreadsTest {

    /** oneDNN's own word for what a primitive made now will use is omp_get_max_threads. */
    private static int threads() {
        String binding = Loader.load(org.bytedeco.dnnl.global.dnnl.class);
        return NativeLibrary.getInstance(binding).getFunction("omp_get_max_threads").invokeInt(new Object[0]);
    }

    @Test
    void everyThreadHasItsNumber() {
        var one = Executors.newSingleThreadExecutor();
        var other = Executors.newSingleThreadExecutor();
        try {
            int before = CompletableFuture.supplyAsync(OneDnnThreadsTest::threads, other).join();
            CompletableFuture.runAsync(() -> OneDnn.setThreads(before + 2), one).join();
            assertEquals(before + 2, CompletableFuture.supplyAsync(OneDnnThreadsTest::threads, one).join());
            assertEquals(before, CompletableFuture.supplyAsync(OneDnnThreadsTest::threads, other).join());
            CompletableFuture.runAsync(() -> OneDnn.setThreads(1), one).join();
            assertEquals(1, CompletableFuture.supplyAsync(OneDnnThreadsTest::threads, one).join());
        } finally {
            one.shutdown();
            other.shutdown();
        }
    }
}
