package org.diffusionclassifier.device.cuda.driver;

import static jcuda.nvptxcompiler.JNvPTXCompiler.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What drivers for CUDA 12.0 do with the jar's PTX: it is assembled by NVIDIA's assembler of that version, which JCuda's
 * natives contain, without a GPU. Each text is taken for one of the architectures that this assembler knows, so that all
 * of these come up. A build without nvcc has no PTX.
 */
@Tag("cuda")
class PtxTest {

    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_86", "sm_89", "sm_90");

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void theAssemblerOfCuda12TakesItAndSpillsNothing(DType storage) {
        List<byte[]> texts = Driver.INSTALLED.ptx(KernelCatalog.packaged(), storage, false);
        assertEquals(Driver.resourceLines("modules.txt").size(), texts.size(), "a text for each fatbin");
        if (texts.isEmpty()) {
            return;
        }
        NativeLibraries.load(() -> JNvPTXCompiler.setExceptionsEnabled(true));
        var assembled = IntStream.range(0, texts.size()).parallel()
                .mapToObj(i -> kernels(texts.get(i), ARCHITECTURES.get(i % ARCHITECTURES.size())))
                .flatMap(TreeSet::stream).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(KernelCatalog.packaged().kernels().stream().map(KernelFacts::kernel)
                .collect(Collectors.toCollection(TreeSet::new)), assembled);
    }

    /** The kernels that the assembler reports, none of which may have a stack or spills. */
    private static TreeSet<String> kernels(byte[] text, String architecture) {
        var handle = new nvPTXCompilerHandle();
        nvPTXCompilerCreate(handle, text.length, text);
        nvPTXCompilerCompile(handle, 2, new String[] {"--gpu-name=" + architecture, "--verbose"});
        long[] size = new long[1];
        nvPTXCompilerGetInfoLogSize(handle, size);
        byte[] report = new byte[(int) size[0] + 1];
        nvPTXCompilerGetInfoLog(handle, report);
        nvPTXCompilerDestroy(handle);
        String lines = new String(report, StandardCharsets.US_ASCII);
        var found = new TreeSet<String>();
        var entry = Pattern.compile("Compiling entry function '(\\w+)' for '" + architecture + "'[^']*?"
                + "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads").matcher(lines);
        while (entry.find()) {
            assertEquals("0 0 0", entry.group(2) + " " + entry.group(3) + " " + entry.group(4),
                    entry.group(1) + " for " + architecture);
            found.add(entry.group(1));
        }
        assertTrue(!found.isEmpty(), lines);
        return found;
    }
}
