package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import com.sun.management.ThreadMXBean;
import org.bytedeco.javacpp.Pointer;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A scorer that has met a round's batch shapes allocates next to nothing, by the JVM's and JavaCPP's own counts. */
class SteadyStateTest {

    private static final int HEAP_BYTES_A_PAIR = 1024;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** 500 pairs in batches of 64: seven full ones of changing numbers of trials, and one of 52. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "BF16"})
    void aRoundAllocatesLittleHeapAndNothingNative(DType type) {
        Devices.require(type);
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(type);
                var model = LoadedModel.of(bundled.root(), device)) {
            var captions = PromptSet.read(bundled.prompts()).prompts().stream().map(Prompt::text).toList();
            var round = new Round(TrialPlan.of(1000, List.of(50), 1).stages().get(0),
                    IntStream.range(0, captions.size()).boxed().toList());
            int pairs = round.trials().size() * captions.size();
            try (var scorer = model.scorer(captions, new Noise.Seeded(0), Objective.L2, 64)) {
                scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
                scorer.errors(round);
                scorer.errors(round);

                long nativeBefore = Pointer.totalCount();
                long heapBefore = allocated();
                scorer.errors(round);
                long heap = allocated() - heapBefore;

                assertTrue(heap > 0 && heap < (long) HEAP_BYTES_A_PAIR * pairs,
                        heap + " bytes of heap for " + pairs + " pairs");
                assertTrue(nativeBefore > 0, "JavaCPP counts nothing");
                assertEquals(nativeBefore, Pointer.totalCount(), "objects whose native memory JavaCPP frees");
            }
        }
    }

    /** Bytes that all threads there are have allocated: the device computes on more than one. */
    private static long allocated() {
        return LongStream.of(THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())).filter(bytes -> bytes > 0).sum();
    }
}
