package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.cli.Main;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A card with too little memory ends in one line and exit code 3; in a process of its own, whose card is that small. */
class DeviceFailureTest {

    @TempDir
    private Path folder;

    @Test
    void noRoomForTheWeights() throws Exception {
        check(8, List.of("--n-samples", "1"), "simt: out of memory", "bytes asked for");
    }

    @Test
    void noRoomForTheBatch() throws Exception {
        check(20, List.of("--n-samples", "50", "--batch-size", "64"), "simt: out of memory", "try a smaller --batch-size");
    }

    private void check(int megabytes, List<String> options, String... parts) throws IOException, InterruptedException {
        Path picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
        }
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), Main.class.getName(), "classify", picture.toString(),
                "--device", "simt", "--to-keep", "1"));
        command.addAll(options);
        var builder = new ProcessBuilder(command).redirectError(folder.resolve("err").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("SIMT_MEMORY_MB", String.valueOf(megabytes));
        int exitCode = builder.start().waitFor();
        String err = Files.readString(folder.resolve("err"), StandardCharsets.UTF_8);
        assertEquals(3, exitCode, err);
        List<String> lines = err.lines().filter(line -> !line.startsWith("WARNING")).toList();
        assertEquals(1, lines.size(), err);
        for (String part : parts) {
            assertTrue(lines.get(0).contains(part), "expected \"" + part + "\" in: " + err);
        }
    }
}
