package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.result.ErrorRecording;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From a recorded run to compared strategies and a calibration that classifications use: record, compare, calibrate. */
class CompareTest {

    private static final int IMAGES = 4;

    @TempDir
    private Path folder;
    private Path labels;
    private Path picture;

    @BeforeEach
    void copyPictures() throws IOException {
        var pictures = BundledPictures.copied(folder, IMAGES, 7);
        labels = pictures.labels();
        picture = pictures.files().get(IMAGES - 1);
    }

    private CommandLineRun evaluate(Path run, Object... options) {
        var words = new ArrayList<Object>(List.of("evaluate", "--dataset", "csv:" + labels, "--out", run, "--device", "cpu",
                "--dtype", "f32"));
        words.addAll(List.of(options));
        return CommandLineRun.of(words.toArray());
    }

    private Path recorded() {
        Path errors = folder.resolve("errors.bin");
        evaluate(folder.resolve("run"), "--exhaustive", "--n-samples", 10, "--record", errors).succeeded();
        return errors;
    }

    /** What is replayed is what happens: the same trials, decisions and pairs. */
    @Test
    void aReplayedRaceIsTheRaceItself() throws IOException {
        ErrorRecording recording = ErrorRecording.read(recorded());
        assertEquals(IMAGES, recording.images().size());
        assertEquals(256 * 4, recording.elements());
        Path race = folder.resolve("race");
        evaluate(race, "--strategy", "race", "--max-trials", 10).succeeded();
        Path table = folder.resolve("table.json");
        CommandLineRun.of("compare", "--errors", folder.resolve("errors.bin"), "--strategy", "race:0.95", "--batch-size", 10,
                "--json", table).succeeded();
        JsonNode replay = new ObjectMapper().readTree(table.toFile()).get(0);
        JsonNode summary = new ObjectMapper().readTree(race.resolve("summary.json").toFile());
        assertEquals(summary.get("pairsPerImage").doubleValue(), replay.get("meanPairs").doubleValue());
        assertEquals(summary.get("correct").intValue(), replay.get("right").intValue());
        assertEquals(summary.get("ties").intValue(), replay.get("ties").intValue());
    }

    @Test
    void aCalibrationChangesProbabilitiesAndNothingElse() throws IOException {
        Path errors = recorded();
        Path calibration = folder.resolve("calibration.json");
        CommandLineRun.of("calibrate", "--errors", errors, "--out", calibration).succeeded();
        String text = Files.readString(calibration);
        Path hot = Files.writeString(folder.resolve("hot.json"), text.replaceAll("\"temperature\" : [^,]*",
                "\"temperature\" : 1e9"));
        JsonNode plain = classified("plain.json");
        JsonNode heated = classified("heated.json", "--calibration", hot);
        assertEquals(plain.get("className"), heated.get("className"));
        assertEquals(0.1, heated.get("ranking").get(0).get("probability").doubleValue(), 1e-4);
        assertTrue(plain.get("ranking").get(0).get("probability").doubleValue() > 0.2);
        assertEquals(plain.get("ranking").get(3).get("errors"), heated.get("ranking").get(3).get("errors"));
    }

    /** A prior of one in a million against the winner makes another win. */
    @Test
    void aPriorDecidesToo() throws IOException {
        JsonNode plain = classified("plain.json");
        String winner = plain.get("className").textValue();
        var weights = new StringBuilder("classname,weight\n");
        plain.get("ranking").forEach(prompt -> {
            String name = prompt.get("className").textValue();
            weights.append(name).append(',').append(name.equals(winner) ? "1e-9" : "1").append('\n');
        });
        Path prior = Files.writeString(folder.resolve("prior.csv"), weights);
        assertFalse(classified("prior.json", "--prior", prior).get("className").textValue().equals(winner));
    }

    private JsonNode classified(String json, Object... options) throws IOException {
        Path file = folder.resolve(json);
        var words = new ArrayList<Object>(List.of("classify", picture, "--device", "cpu", "--dtype", "f32", "--exhaustive",
                "--n-samples", 5, "--json", file));
        words.addAll(List.of(options));
        CommandLineRun.of(words.toArray()).succeeded();
        return new ObjectMapper().readTree(file.toFile()).get(0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --strategy race --n-samples 5           | --n-samples: expected --max-trials for a race
            --strategy race --preset pets           | expected --strategy staged beside them, found race
            --strategy race --confidence 1          | --confidence: expected a number between 0 and 1, found 1.0
            --strategy race --bound hope            | --bound: expected auto, covariance, paired-t or anytime, found hope
            --strategy race --max-trials 0          | --max-trials: expected at least 1, found 0
            --max-trials 1001                       | --max-trials 1001: expected at most the 1000 timesteps 0..999
            --strategy race --tree nowhere.json     | nowhere.json
            --strategy staged --confidence 0.9      | expected --strategy race
            --n-samples 5,10 --confidence 0.9       | expected --strategy race
            --exhaustive --strategy race            | --exhaustive: expected no --strategy race beside it
            --exhaustive --to-keep 1                | expected --strategy staged beside them
            --exhaustive --n-samples 5,10           | expected one number
            --prior nowhere.csv                     | nowhere.csv
            --calibration nowhere.json              | nowhere.json
            """)
    void whatDoesNotFitIsRefused(String options, String message) {
        var words = new ArrayList<Object>(List.of("classify", picture, "--device", "cpu"));
        words.addAll(List.of(options.split(" ")));
        CommandLineRun.of(words.toArray()).refused(message);
    }

    @Test
    void onlyWholeRunsAreRecorded() {
        evaluate(folder.resolve("run"), "--record", folder.resolve("errors.bin")).refused("--record: expected --exhaustive");
        assertFalse(Files.exists(folder.resolve("run")));
        CommandLineRun.of("compare", "--errors", labels).refused(labels.toString());
        CommandLineRun.of("compare", "--errors", labels, "--batch-size", 0).refused("--batch-size: expected at least 1");
        CommandLineRun.of("calibrate", "--errors", labels, "--out", folder.resolve("no/where")).refused("--out");
    }
}
