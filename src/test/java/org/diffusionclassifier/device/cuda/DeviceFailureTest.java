package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.cli.Main;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a card that is too small or a driver that is too old ends in: one line and exit code 3. Each in a process of its
 * own, whose emulated card is made so.
 */
@Tag("cuda")
class DeviceFailureTest {

    @TempDir
    private Path folder;

    @Test
    void noRoomForTheWeights() throws Exception {
        assertFails(classify(Map.of("SIMT_MEMORY_MB", "8"), "--n-samples", "1"),
                "simt: out of memory", "bytes asked for", "try a smaller model, or a --weights-budget");
    }

    @Test
    void noRoomForTheBatch() throws Exception {
        assertFails(classify(Map.of("SIMT_MEMORY_MB", "20"), "--n-samples", "50", "--batch-size", "64"),
                "simt: out of memory", "try a smaller --batch-size");
    }

    @Test
    void aBatchThatNobodyAskedForFits() throws Exception {
        var run = classify(Map.of("SIMT_MEMORY_MB", "16"), "--n-samples", "1", "--classes", "bag,shirt", "--verbose");
        assertEquals(0, run.exitCode, run.err);
        assertTrue(run.err.contains("batches of 16 pairs"), run.err);
    }

    @Test
    void aDriverTooOldForTheKernels() throws Exception {
        assertFails(classify(Map.of("SIMT_DRIVER_VERSION", "11080"), "--n-samples", "1"),
                "simt: the driver, for CUDA 11.8, does not take the jar's kernels (compiled "
                        + "CUDA_ERROR_INVALID_IMAGE, PTX CUDA_ERROR_UNSUPPORTED_PTX_VERSION)",
                "update the driver, or install NVRTC of CUDA 12");
    }

    /** As R535 does, which is for CUDA 12.2. */
    @Test
    void aDriverTooOldForTheCompiledKernelsTranslatesThem() throws Exception {
        var old = classify(Map.of("SIMT_DRIVER_VERSION", "12020"), "--n-samples", "1", "--classes", "bag,shirt");
        assertEquals(0, old.exitCode, old.err);
        assertFalse(old.err.contains("registers"), old.err);
        var spilling = classify(Map.of("SIMT_DRIVER_VERSION", "12000", "SIMT_SPILLED_BYTES", "48"), "--n-samples", "1",
                "--classes", "bag,shirt");
        assertEquals(0, spilling.exitCode, spilling.err);
        assertEquals(1, spilling.err.lines().filter(line -> line.contains("kernels keep registers in memory")
                && line.contains("48 bytes a thread")).count(), spilling.err);
    }

    @Test
    void aCardTooOldForTheKernels() throws Exception {
        assertFails(classify(Map.of("SIMT_COMPUTE_CAPABILITY", "75"), "--n-samples", "1"),
                "has compute capability 7.5, the kernels need 8.0 or later: use --device cpu");
    }

    @Test
    void aDriverWithoutACard() throws Exception {
        assertFails(classify(Map.of("SIMT_DEVICES", "0"), "--n-samples", "1"),
                "simt: no card: use --device cpu: CUDA_ERROR_NO_DEVICE");
    }

    private record Run(int exitCode, String err) {
    }

    private Run classify(Map<String, String> card, String... options) throws IOException, InterruptedException {
        Path picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture, StandardCopyOption.REPLACE_EXISTING);
        }
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), Main.class.getName(), "classify", picture.toString(),
                "--device", "simt", "--to-keep", "1"));
        command.addAll(List.of(options));
        var builder = new ProcessBuilder(command).redirectError(folder.resolve("err").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(card);
        int exitCode = builder.start().waitFor();
        return new Run(exitCode, Files.readString(folder.resolve("err"), StandardCharsets.UTF_8));
    }

    private static void assertFails(Run run, String... parts) {
        assertEquals(3, run.exitCode, run.err);
        List<String> lines = run.err.lines().filter(line -> !line.startsWith("WARNING")).toList();
        assertEquals(1, lines.size(), run.err);
        for (String part : parts) {
            assertTrue(lines.get(0).contains(part), "expected \"" + part + "\" in: " + run.err);
        }
    }
}
