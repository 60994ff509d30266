package org.diffusionclassifier.device.cuda.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.device.cuda.driver.CompiledKernel;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.diffusionclassifier.report.KernelTable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code diffusion-classifier kernels} says, held to arithmetic that needs no GPU; counted on the emulated card. */
@Tag("cuda")
class KernelStudyTest {

    private static UNetConfig demo() {
        try (var bundled = BundledModel.open()) {
            return UNetConfig.read(bundled.root().resolve("unet/config.json"));
        }
    }

    @Test
    void countsWhatEveryLaunchOfTheBundledModelDoes() {
        try (CudaDevice device = CudaDevice.openEmulatedToCount();
                var evaluation = SyntheticUNet.evaluation(demo(), device, 8)) {
            var study = new KernelStudy(device, evaluation.graph());
            List<Launch> launches = study.launches();
            assertEquals(launches.size(), new HashSet<>(launches).size());
            long kernels = evaluation.graph().ops().stream().filter(op -> op instanceof KernelOp).count();
            assertEquals(kernels, launches.stream().mapToInt(Launch::count).sum());
            assertEquals(evaluation.graph().flops(),
                    launches.stream().mapToLong(launch -> launch.count() * launch.flops()).sum());

            var rows = new ArrayList<KernelTable.Row>();
            for (Launch launch : launches) {
                LaunchCounters counters = study.count(launch, 2);
                rows.add(new KernelTable.Row(launch, counters, null, null));
                if (launch.flops() > 0) {
                    assertTrue(counters.mmaFlops() >= launch.flops(), launch + ": " + counters);
                }
                assertTrue(counters.sectorEfficiency() <= 1 && counters.conflictDegree() >= 1, launch + ": " + counters);
                if (launch.kernel().matches("(gemm|conv3x3|attention)_.*")) {
                    assertEquals(1, counters.conflictDegree(), 0.005, launch + ": " + counters);
                }
            }
            var table = new KernelTable("demo", 8, evaluation.graph().arenaBytes(), rows);
            assertEquals(kernels, table.launches());
            assertTrue(table.render().contains("bound on H100"), table.render());
            assertEquals(launches.size(), ((List<?>) table.json().get("launches")).size());
        }
    }

    /** The emulated card has no speed to speak of, but the same order of products as the emulated libraries. */
    @Test
    void everyProductIsComparedWithTheLibraries() {
        try (CudaDevice device = CudaDevice.openEmulated();
                CudaDevice libraries = CudaDevice.openEmulated(Kernels.VENDOR, WeightsBudget.unlimited());
                var ours = SyntheticUNet.evaluation(demo(), device, 1);
                var theirs = SyntheticUNet.evaluation(demo(), libraries, 1)) {
            ours.graph().run();
            theirs.graph().run();
            var study = new KernelStudy(device, ours.graph());
            var compared = study.compare(new KernelStudy(libraries, theirs.graph()));
            for (Launch launch : study.launches()) {
                assertEquals(launch.flops() > 0 && !launch.family().equals("attention"), compared.containsKey(launch),
                        launch.toString());
            }
            compared.forEach((launch, times) ->
                    assertTrue(times.seconds() > 0 && times.librariesSeconds() > 0, launch + ": " + times));
        }
    }

    /** By hand: 128 × 96 × 64 products of float16, on an A100 at 312 TFLOP/s and 1555 GB/s. */
    @Test
    void boundsAreTheLargerOfWorkAndBytes() {
        var product = new Launch("gemm_64x64", "", 4, 128, 32768, 2L * 128 * 96 * 64,
                2L * (128 * 64 + 96 * 64 + 128 * 96), 1);
        assertEquals(53248 / 1555e9, Card.A100.bound(product), 1e-15);
        assertEquals(Card.Bound.MEMORY, Card.A100.boundedBy(product));
        var large = new Launch("gemm_128x128", "", 4, 128, 49152, 1L << 40, 1L << 20, 1);
        assertEquals((1L << 40) / 312e12, Card.A100.bound(large), 1e-12);
        assertEquals(Card.Bound.PRODUCTS, Card.A100.boundedBy(large));
    }

    /**
     * By hand: 5 heads of 64 columns, 1024 queries and keys. On an H100 the 2ˣ of 5 · 1024² scores, 16 a clock, take as
     * long as their 256 FLOP each; on an A100 half as long. A tile of 128 × 160 takes 288 halves for 40960 FLOP through
     * the cache.
     */
    @Test
    void boundsBySpecialFunctionsAndByTheCache() {
        long scores = 5L * 1024 * 1024;
        var attention = new Launch("attention_d64", "", 40, 128, 0, 256 * scores, 1 << 20, 1);
        assertEquals(scores / (16 * 132 * 1.83e9), Card.H100.bound(attention), 0.01 * Card.H100.bound(attention));
        assertEquals(256 * scores / 312e12, Card.A100.bound(attention), 1e-12);
        var narrow = new Launch("attention_d40", "", 40, 128, 0, 160 * scores, 1 << 20, 1);
        assertEquals(Card.Bound.EXPONENTIALS, Card.H100.boundedBy(narrow));
        assertEquals(scores / (16 * 132 * 1.83e9), Card.H100.bound(narrow), 1e-12);
        var product = new Launch("gemm_16x64", "", 40, 128, 0, 1L << 34, 1 << 20, 1);
        assertEquals(Card.Bound.CACHE, Card.A100.boundedBy(product));
        assertEquals((1L << 34) * (1 / 16.0 + 1 / 64.0) / (5120 * 1.41e9), Card.A100.bound(product), 1e-12);
    }

    /** A launch among warm and among cold operands, with its operands where they were. */
    @Test
    void timingLeavesTheGraphAsItWas() {
        try (CudaDevice device = CudaDevice.openEmulated(); var evaluation = SyntheticUNet.evaluation(demo(), device, 1)) {
            evaluation.graph().run();
            var study = new KernelStudy(device, evaluation.graph());
            List<Long> addresses = addresses(evaluation.graph());
            for (Launch launch : study.launches().subList(0, 4)) {
                KernelStudy.Timing timing = study.time(launch);
                assertTrue(timing.cold() > 0 && timing.warm() > 0, launch + ": " + timing);
            }
            assertEquals(addresses, addresses(evaluation.graph()));
            evaluation.graph().run();
        }
    }

    private static List<Long> addresses(Graph graph) {
        return graph.ops().stream().flatMap(op -> Stream.concat(op.reads().stream(), op.writes().stream()))
                .map(Tensor::address).toList();
    }

    /** 128 threads of 234 registers are 4 · 7680 of 65536: two blocks; 48 KB and 1 of 164 are three, of 100 two. */
    @Test
    void residentWarpsAreBoundByTheScarcest() {
        var launch = new Launch("gemm_128x128", "", 100, 128, 49152, 1, 1, 1);
        assertEquals(8, Card.A100.residentWarps(launch, new CompiledKernel("gemm_128x128", "sm_80", 234, 0, 0, 0)));
        assertEquals(12, Card.A100.residentWarps(launch, new CompiledKernel("gemm_128x128", "sm_80", 128, 0, 0, 0)));
        assertEquals(8, Card.RTX_4090.residentWarps(launch, new CompiledKernel("gemm_128x128", "sm_89", 128, 0, 0, 0)));
        var small = new Launch("silu", "", 100, 256, 0, 0, 1, 1);
        assertEquals(64, Card.H100.residentWarps(small, new CompiledKernel("silu", "sm_90", 16, 0, 0, 0)));
        assertEquals(48, Card.RTX_3090.residentWarps(small, new CompiledKernel("silu", "sm_86", 16, 0, 0, 0)));
    }
}
