package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.cuFuncGetAttribute;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.driver.CUfunction_attribute;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@code kernels.json} says, held to the sources, to the compiled kernels and to what networks launch. */
@Tag("cuda")
class KernelCatalogTest {

    private static final KernelCatalog CATALOG = KernelCatalog.packaged();

    private static UNetConfig demo() {
        try (var bundled = BundledModel.open()) {
            return UNetConfig.read(bundled.root().resolve("unet/config.json"));
        }
    }

    private static String source(String name) {
        return new String(Driver.resource("source/" + name), StandardCharsets.UTF_8).replaceAll("//.*", "");
    }

    private static Stream<String> sources() {
        return Driver.resourceLines("sources.txt").stream().filter(name -> name.endsWith(".cu"));
    }

    @Test
    void everySourceFileHasKernelsAndEveryPlainKernelIsThere() {
        sources().forEach(name -> {
            assertTrue(CATALOG.hasFile(name.replace(".cu", "")), name);
            var plain = Pattern.compile("__global__ void (?:__launch_bounds__\\([^)]*\\))?\\s+(\\w+)\\(([^)]*)\\)\\s*\\{")
                    .matcher(source(name));
            while (plain.find()) {
                if (!plain.group(1).equals("name")) {
                    KernelFacts kernel = CATALOG.find(plain.group(1)).orElseThrow();
                    assertEquals(plain.group(2).strip().replaceAll("\\s+", " "), kernel.parameters().stream()
                            .map(parameter -> parameter.type() + " " + parameter.name()).reduce((a, b) -> a + ", " + b)
                            .orElse(""), name);
                }
            }
        });
    }

    /** A macro makes a kernel of every line that begins with its name. */
    @Test
    void everyKernelOfAMacroIsThere() {
        assertEquals(lines("gemm.cu", "GEMM"), kernelsOf("gemm"));
        assertEquals(lines("conv.cu", "CONV"), kernelsOf("conv"));
        assertEquals(new TreeSet<>(List.of("finish_none", "finish_silu", "finish_gelu", "finish_gelu_tanh",
                "finish_quick_gelu", "finish_geglu", "arrange", "arrange_float", "spread", "spread_float")),
                kernelsOf("vendor"));
        assertEquals(20, kernelsOf("attention").size());
    }

    private static TreeSet<String> lines(String file, String macro) {
        var found = new TreeSet<String>();
        var calls = Pattern.compile("(?m)^" + macro + "(?:_MOMENTS|_PARTIAL)?\\((\\w+),").matcher(source(file));
        while (calls.find()) {
            found.add(calls.group(1));
        }
        return found;
    }

    private static TreeSet<String> kernelsOf(String file) {
        var found = new TreeSet<String>();
        CATALOG.kernels().stream().filter(kernel -> kernel.file().equals(file)).forEach(kernel -> found.add(kernel.kernel()));
        return found;
    }

    /** {@code simt/build.sh} has g++ assert the numbers; here it is the image that says its launch bounds. */
    @Test
    void theEmulatedKernelsHaveTheseThreads() {
        try (CudaDevice device = CudaDevice.openEmulated()) {
            Gpu gpu = device.gpu();
            for (KernelFacts kernel : CATALOG.kernels()) {
                int[] threads = new int[1];
                gpu.check(cuFuncGetAttribute(threads, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
                        gpu.function(kernel.kernel(), 0)), kernel.kernel());
                assertEquals(threads[0], kernel.threads(), kernel.kernel());
            }
        }
    }

    /** By hand, from the files' heads. */
    @Test
    void knowsWhatTheHeadsSay() {
        KernelFacts gemm = CATALOG.find("gemm_128x160").orElseThrow();
        assertEquals(List.of(128, 160, 32), gemm.tile());
        assertEquals(128, gemm.threads());
        assertEquals(55296, gemm.sharedBytes());
        assertEquals("gemm", gemm.family());
        assertEquals(KernelFacts.Bound.FLOP, gemm.bound());
        assertEquals("sm_80", gemm.requires());
        assertEquals(new KernelFacts.Parameter("x0", "const half*"), gemm.parameters().get(0));
        assertEquals(16, gemm.parameters().size());

        KernelFacts attention = CATALOG.find("attention_d160").orElseThrow();
        assertEquals(List.of(128, 32), attention.tile());
        assertEquals(80 * 1024, attention.sharedBytes());
        assertEquals(2, attention.residentBlocks());
        assertEquals(64, CATALOG.find("attention_d136").orElseThrow().tile(0));
        assertEquals(List.of(32, 16), CATALOG.find("attention_d512").orElseThrow().tile());

        assertEquals(48384, CATALOG.find("error_conv_l2").orElseThrow().sharedBytes());
        assertEquals(List.of(4, 1280), CATALOG.find("layernorm_1280").orElseThrow().tile());
        KernelFacts norm = CATALOG.find("groupnorm").orElseThrow();
        assertEquals(KernelFacts.Block.VARYING, norm.block());
        assertEquals(KernelFacts.BY_LAUNCH, norm.sharedBytes());
        assertEquals(List.of(16, 16, 1280), norm.tile());
    }

    /** Where the jar was built with nvcc: ptxas saw the kernels that are listed, and no others. */
    @Test
    void theCompilersReportIsOfTheseKernels() {
        for (KernelFacts kernel : CATALOG.kernels()) {
            for (CompiledKernel compiled : kernel.compiled()) {
                assertEquals(kernel.kernel(), compiled.kernel());
                assertEquals(0, compiled.spills() + compiled.stack(), compiled.toString());
                if (kernel.family().equals("groupnorm") && kernel.tile().size() == 3) {
                    assertEquals(kernel.tile(2), compiled.sharedBytes(), compiled.toString());
                }
            }
        }
        List<Integer> counts = CATALOG.kernels().stream().map(kernel -> kernel.compiled().size()).distinct().toList();
        assertEquals(1, counts.size(), "architectures a kernel: " + counts);
    }

    @Test
    void everyLaunchOfAUNetIsOfACataloguedKernel() {
        try (CudaDevice device = CudaDevice.openEmulated(Kernels.VENDOR, WeightsBudget.unlimited());
                CudaDevice own = CudaDevice.openEmulated();
                var libraries = SyntheticUNet.evaluation(demo(), device, 1);
                var evaluation = SyntheticUNet.evaluation(demo(), own, 1)) {
            for (Op op : Stream.concat(libraries.graph().ops().stream(), evaluation.graph().ops().stream()).toList()) {
                if (op instanceof KernelOp launch) {
                    assertEquals(launch.kernel(), CATALOG.find(launch.kernel().kernel()).orElseThrow());
                }
            }
        }
    }

    @Test
    void aKernelMayBeForSomeCardsOnly() {
        String kernel = "{\"kernel\": \"%s\", \"file\": \"%s\", \"family\": \"gemm\", \"bound\": \"flop\", "
                + "\"requires\": \"%s\", \"threads\": 128, \"block\": \"fixed\", \"residentBlocks\": 1, "
                + "\"shared\": 0, \"tile\": [64, 64, 32], \"parameters\": [], \"compiled\": []}";
        var catalog = KernelCatalog.parse(("[" + String.format(kernel, "gemm_64x64", "gemm", "sm_80") + ", "
                + String.format(kernel, "gemm_64x128", "later", "sm_90") + ", "
                + String.format(kernel, "gemm_128x128", "hopper", "sm_90a") + "]").getBytes(StandardCharsets.UTF_8));
        assertEquals(List.of("gemm_64x64"), names(catalog.of(80)));
        assertEquals(List.of("gemm_64x64", "gemm_64x128", "gemm_128x128"), names(catalog.of(90)));
        assertEquals(List.of("gemm_64x64", "gemm_64x128"), names(catalog.of(100)));
        assertFalse(catalog.of(89).hasFile("hopper"));
        assertTrue(catalog.of(90).hasFile("hopper"));
        assertEquals("sm_90a", catalog.requirement("hopper"));
    }

    private static List<String> names(KernelCatalog catalog) {
        return catalog.kernels().stream().map(KernelFacts::kernel).toList();
    }
}
