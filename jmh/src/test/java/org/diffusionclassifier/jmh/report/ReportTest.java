package org.diffusionclassifier.jmh.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportTest {

    @TempDir
    private Path directory;

    @Test
    void readsWhatJmhWrote() throws IOException {
        List<Measurement> measurements = Results.recorded().measurements();
        Measurement unet = measurements.get(0);
        assertEquals("UNet", unet.benchmark());
        assertEquals("batch 1, dtype bf16, model demo, pairsATrial 1", unet.label());
        assertEquals(List.of("efficiency", "pairs"), List.copyOf(unet.headlines().keySet()));
        assertEquals("pairs/s", unet.headlines().get("pairs").unit());
        assertEquals(unet.primary().value(), unet.headlines().get("pairs").value(), 1e-9, "a pair a call");
        Measurement tokenizer = measurements.get(1);
        assertEquals(List.of("score"), List.copyOf(tokenizer.headlines().keySet()));
        assertTrue(tokenizer.params().get("caption").contains("Straßenbahn"));
        assertTrue(tokenizer.primary().hasError());
        Measurement norm = measurements.get(2);
        assertEquals(List.of("GB"), List.copyOf(norm.headlines().keySet()), "it has no FLOP");
        assertFalse(norm.primary().hasError(), "of one iteration");
    }

    @Test
    void isReadAsItWasWritten() throws IOException {
        Report report = Results.recorded();
        Path file = directory.resolve("report.json");
        report.write(file);
        assertEquals(report, Report.read(file));
        String written = Files.readString(file);
        assertTrue(written.contains("\"jdk\" : \"OpenJDK 64-Bit Server VM 17"), written);
    }

    @Test
    void namesTheCommitItsJarWasBuiltFrom() {
        assertTrue(Results.of().commit().matches("[0-9a-f]{40}(-dirty)?|unknown"), Results.of().commit());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{}", "null", "{\"machine\": {}, \"results\": 3}", "{\"machine\": 3}", "PK\u0003",
            "{\"machine\": {}, \"results\": [{}]}",
            "{\"machine\": {}, \"results\": [{\"benchmark\": \"a.B.c\", \"primaryMetric\": {\"score\": \"fast\"}}]}"})
    void refusesAnotherFile(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("other.json"), content);
        var refused = assertThrows(InputException.class, () -> Report.read(file));
        assertTrue(refused.getMessage().startsWith(file + ": "), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"));
    }

    @Test
    void refusesAFileThatIsNotThere() {
        Path file = directory.resolve("none.json");
        var refused = assertThrows(InputException.class, () -> Report.read(file));
        assertEquals(file + ": cannot be read (no such file)", refused.getMessage());
    }
}
