package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two emulated cards in one process: each thread has its card's context, and a kernel that were given another card's
 * memory, module or stream would fail. In processes of their own, since a driver counts its cards once.
 */
@Tag("cuda")
class SeveralCardsTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void copyPictures() throws IOException {
        var lines = new ArrayList<>(List.of("path,classidx"));
        try (var bundled = BundledModel.open()) {
            for (String name : List.of("bag-0.png", "coat-0.png", "bag-1.png")) {
                Files.copy(bundled.images().resolve(name), folder.resolve(name));
                lines.add(name + "," + (name.startsWith("bag") ? 0 : 1));
            }
        }
        Files.write(folder.resolve("labels.csv"), lines);
    }

    private record Run(int exitCode, String out, String err) {
    }

    private Run run(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectError(folder.resolve("err").toFile())
                .redirectOutput(folder.resolve("out").toFile());
        builder.environment().put("SIMT_DEVICES", "2");
        int exitCode = builder.start().waitFor();
        return new Run(exitCode, Files.readString(folder.resolve("out"), StandardCharsets.UTF_8),
                Files.readString(folder.resolve("err"), StandardCharsets.UTF_8));
    }

    private String evaluated(String device) throws Exception {
        Run run = run("evaluate", "--dataset", "csv:" + folder.resolve("labels.csv"), "--classes", "bag,coat",
                "--exhaustive", "--n-samples", "1", "--batch-size", "2", "--out", folder.resolve(device).toString(),
                "--device", device);
        assertEquals(0, run.exitCode, run.err);
        return run.out;
    }

    @Test
    void theBytesOfOneCard() throws Exception {
        evaluated("simt");
        assertTrue(evaluated("simt:0,simt:1").contains("images by device: simt:0 "));
        evaluated("simt:1");
        for (String other : List.of("simt:0,simt:1", "simt:1")) {
            for (String file : List.of("results.jsonl", "settings.json")) {
                assertArrayEquals(Files.readAllBytes(folder.resolve("simt").resolve(file)),
                        Files.readAllBytes(folder.resolve(other).resolve(file)), other);
            }
        }
    }

    private String classified(String device) throws Exception {
        Path json = folder.resolve(device + ".json");
        Run run = run("classify", folder.resolve("bag-0.png").toString(), "--classes", "bag,coat,shirt", "--exhaustive",
                "--n-samples", "2", "--batch-size", "2", "--json", json.toString(), "--device", device);
        assertEquals(0, run.exitCode, run.err);
        return Files.readString(json);
    }

    @Test
    void anImageIsSpreadToTheBit() throws Exception {
        assertEquals(classified("simt"), classified("simt:0,simt:1"));
    }

    @Test
    void aCardThatIsNotThere() throws Exception {
        Run run = run("classify", folder.resolve("bag-0.png").toString(), "--device", "simt:0,simt:2");
        assertEquals(3, run.exitCode, run.err);
        assertTrue(run.err.contains("simt: no card 2, the driver has 2"), run.err);
    }
}
