package org.diffusionclassifier.device.cuda.driver;

import static jcuda.nvptxcompiler.JNvPTXCompiler.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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
 * natives contain, without a GPU, for each of the architectures that this assembler knows and that have kernels of their
 * own. A build without nvcc has no PTX.
 *
 * <p>The assembler takes one to five minutes of a core for all of them. What it said of a text is therefore kept below
 * {@code -Dptx.reports=DIR}, with the hash of the text and the assembler's version, and is looked at again as long as
 * these are the same.
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
        var assembled = IntStream.range(0, texts.size() * ARCHITECTURES.size()).parallel()
                .mapToObj(i -> {
                    String architecture = ARCHITECTURES.get(i % ARCHITECTURES.size());
                    int text = i / ARCHITECTURES.size();
                    return kernels(report(storage + "-" + text, texts.get(text), architecture), architecture);
                })
                .flatMap(TreeSet::stream).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(KernelCatalog.packaged().kernels().stream().map(KernelFacts::kernel)
                .collect(Collectors.toCollection(TreeSet::new)), assembled);
    }

    /** What the assembler says of a text: now, or when it had the same one under this name before. */
    private static String report(String name, byte[] text, String architecture) {
        String folder = System.getProperty("ptx.reports");
        if (folder == null) {
            return assembled(text, architecture);
        }
        try {
            Path kept = Files.createDirectories(Path.of(folder)).resolve(name + "-" + architecture + ".txt");
            String key = key(text) + "\n";
            String before = Files.exists(kept) ? Files.readString(kept) : "";
            if (before.startsWith(key)) {
                return before.substring(key.length());
            }
            String report = assembled(text, architecture);
            Path whole = Files.writeString(kept.resolveSibling(kept.getFileName() + ".part"), key + report);
            Files.move(whole, kept, StandardCopyOption.REPLACE_EXISTING);
            return report;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String key(byte[] text) {
        int[] major = new int[1];
        int[] minor = new int[1];
        nvPTXCompilerGetVersion(major, minor);
        try {
            return major[0] + "." + minor[0] + " " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                    .digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);     // every JDK has it
        }
    }

    private static String assembled(byte[] text, String architecture) {
        var handle = new nvPTXCompilerHandle();
        nvPTXCompilerCreate(handle, text.length, text);
        nvPTXCompilerCompile(handle, 2, new String[] {"--gpu-name=" + architecture, "--verbose"});
        long[] size = new long[1];
        nvPTXCompilerGetInfoLogSize(handle, size);
        byte[] report = new byte[(int) size[0] + 1];
        nvPTXCompilerGetInfoLog(handle, report);
        nvPTXCompilerDestroy(handle);
        return new String(report, StandardCharsets.US_ASCII);
    }

    /** The kernels that the assembler reports, none of which may have a stack or spills. */
    private static TreeSet<String> kernels(String lines, String architecture) {
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
