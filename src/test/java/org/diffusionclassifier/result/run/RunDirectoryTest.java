package org.diffusionclassifier.result.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RunDirectoryTest {

    private static final int DATASET_SIZE = 10;
    private static final SortedMap<String, String> SETTINGS = new TreeMap<>(Map.of("seed", "3", "n-samples", "10,50"));

    @TempDir
    Path folder;

    /** Of a prediction made with probability ½. */
    private static Outcome outcome(int index, int label, int prediction, long pairs) {
        return new Outcome(index, label, prediction, pairs, 0.5, false);
    }

    @Test
    void aResultIsOneLineOfJson() throws IOException {
        try (var run = open()) {
            run.append(new ImageResult(0, "t10k-images#0 \"ü\"\n", 9, 9, 0.5, false, List.of(
                    new PromptErrors(9, List.of(new Trial(50, 0), new Trial(150, 1)), new float[] {0.1f, 2e-3f}),
                    new PromptErrors(4, List.of(new Trial(50, 0)), new float[] {1.5e-10f}))));
        }
        assertEquals("""
                {"index":0,"name":"t10k-images#0 \\"ü\\"\\n","prediction":9,"label":9,"correct":true,"pairs":3,\
                "probability":0.5,"tie":false,"errors":[\
                {"prompt":9,"timesteps":[50,150],"noise":[0,1],"errors":[0.1,0.002]},\
                {"prompt":4,"timesteps":[50],"noise":[0],"errors":[1.5E-10]}]}
                """, Files.readString(results()));
    }

    /** Its pairs count once, here and when the file is read again. */
    @Test
    void aPromptThatIsTheSameToTheModelNamesTheOther() throws IOException {
        List<Trial> trials = List.of(new Trial(50, 0), new Trial(150, 1));
        float[] errors = {0.25f, 0.5f};
        var result = new ImageResult(0, "a", 3, 3, 0.5, true, List.of(new PromptErrors(3, trials, errors),
                new PromptErrors(8, 3, trials, errors)));
        String line = new String(result.toJsonLine(), StandardCharsets.UTF_8);
        assertTrue(line.contains("\"pairs\":2,"), line);
        assertTrue(line.contains("{\"prompt\":8,\"evaluated\":3,\"timesteps\":[50,150],"), line);
        ImageResult read = ImageResult.parse(line);
        assertEquals(2, read.outcome().pairs());
        assertEquals(line, new String(read.toJsonLine(), StandardCharsets.UTF_8));
    }

    @Test
    void aRunIsResumedFromItsFiles() throws IOException {
        try (var run = open()) {
            assertEquals(Set.of(), run.done());
            run.append(result(7, 1, 2));
            run.append(result(2, 5, 5));
        }
        assertEquals("{\n  \"n-samples\" : \"10,50\",\n  \"seed\" : \"3\"\n}\n",
                Files.readString(run().resolve("settings.json")));
        try (var run = open()) {
            assertEquals(List.of(2, 7), List.copyOf(run.done()));
            assertEquals(0, run.repairedBytes());
            run.append(result(0, 1, 1));
            assertEquals(List.of(outcome(0, 1, 1, 2), outcome(2, 5, 5, 2), outcome(7, 1, 2, 2)),
                    run.outcomes());
        }
        assertEquals(3, Files.readAllLines(results()).size());
    }

    @Test
    void aTornLastLineIsCutOffWhereverItWasTorn() throws IOException {
        try (var run = open()) {
            run.append(result(0, 1, 1));
            run.append(result(1, 1, 1));
        }
        var whole = Files.readAllBytes(results());
        int first = new String(whole, StandardCharsets.UTF_8).indexOf('\n') + 1;
        for (int kept = first; kept < whole.length; kept++) {
            Files.write(results(), Arrays.copyOf(whole, kept));
            try (var run = open()) {
                assertEquals(kept - first, run.repairedBytes());
                assertEquals(Set.of(0), run.done());
                run.append(result(1, 1, 1));
            }
            assertEquals(new String(whole, StandardCharsets.UTF_8), Files.readString(results()));
        }
    }

    @Test
    void aLastLineOfGarbageIsCutOff() throws IOException {
        for (var garbage : List.of("\0\0\0\0", "{\"index\":1,\n", "\n", "{}\n", "null\n", "[1]\n",
                "{\"index\":1,\"label\":1,\"prediction\":1,\"pairs\":1,\"probability\":1,\"tie\":false} {}\n")) {
            Files.deleteIfExists(results());
            try (var run = open()) {
                run.append(result(0, 1, 1));
            }
            Files.writeString(results(), garbage, StandardOpenOption.APPEND);
            try (var run = open()) {
                assertEquals(garbage.length(), run.repairedBytes());
                assertEquals(Set.of(0), run.done());
            }
        }
    }

    @Test
    void aBrokenLineBeforeTheLastIsRefusedByNumberAndLeftAlone() throws IOException {
        try (var run = open()) {
            run.append(result(0, 1, 1));
        }
        var line = Files.readString(results());
        var broken = line + "{\"index\":1,\n" + line.replace("\"index\":0", "\"index\":2");
        Files.writeString(results(), broken);
        assertEquals(results() + ":2: not a result (and not the last line, which a kill may tear)",
                Fixtures.inputError(this::open));
        assertEquals(broken, Files.readString(results()));
    }

    @Test
    void anImageTwiceOrOutsideTheDatasetIsRefused() throws IOException {
        try (var run = open()) {
            run.append(result(9, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> run.append(result(9, 1, 1)));
            assertThrows(IndexOutOfBoundsException.class, () -> run.append(result(10, 1, 1)));
        }
        var line = Files.readString(results());
        Files.writeString(results(), line + line);
        assertEquals(results() + ":2: a second result of the image with index 9", Fixtures.inputError(this::open));
        Files.writeString(results(), line);
        assertEquals(results() + ":1: the image has index 9, expected one below the dataset's size, 9",
                Fixtures.inputError(() -> RunDirectory.open(run(), SETTINGS, 9)));
        Files.writeString(results(), line.replace("\"index\":9", "\"index\":-1"));
        assertEquals(results() + ":1: the image has index -1, expected one below the dataset's size, 10",
                Fixtures.inputError(this::open));
    }

    @Test
    void otherSettingsAreRefusedEachByName() {
        open().close();
        var now = new TreeMap<>(Map.of("n-samples", "5,20", "loss", "a\nb"));
        assertEquals(run().resolve("settings.json") + ": loss was not set and is now \"a\\nb\"; n-samples was 10,50 and"
                + " is now 5,20; seed was 3 and is now not set: use another out or the same settings",
                Fixtures.inputError(() -> RunDirectory.open(run(), now, DATASET_SIZE)));
    }

    @Test
    void brokenOrMissingSettingsAreRefused() throws IOException {
        open().close();
        var settings = run().resolve("settings.json");
        for (var text : List.of("", "{", "[1]", "7", "{\"a\":{}}", "{} {}")) {
            Files.writeString(settings, text);
            assertEquals(settings + ": not a JSON object of settings", Fixtures.inputError(this::open), text);
        }
        Files.delete(settings);
        assertEquals(run() + ": has results.jsonl but no settings.json to tell what made it, use another out",
                Fixtures.inputError(this::open));
    }

    @Test
    void aFailureIsALineAndMayBeFollowedByAResult() throws IOException {
        var failure = new FailedImage(3, "a \"b\".png", 1, "a: broken image");
        try (var run = open()) {
            run.append(result(0, 1, 1));
            run.append(failure);
            run.append(failure); // as a second try finds
            assertEquals(Set.of(0), run.done());
        }
        assertEquals("""
                {"index":3,"name":"a \\"b\\".png","label":1,"failed":"a: broken image"}""",
                Files.readAllLines(results()).get(1));
        try (var run = open()) {
            assertEquals(List.of(failure), run.failures());
            run.append(result(3, 1, 2));
            assertEquals(List.of(), run.failures());
            assertThrows(IllegalArgumentException.class, () -> run.append(failure));
        }
        try (var run = open()) {
            assertEquals(List.of(), run.failures());
            assertEquals(Set.of(0, 3), run.done());
            assertEquals(List.of(0, 3), run.results().stream().map(ImageResult::index).toList());
        }
        assertEquals(3, Files.readAllLines(results()).size());
    }

    @Test
    void aFileThatResultsComeFromMayNotBeReplaced() throws IOException {
        Path used = Files.writeString(folder.resolve("used"), "abc");
        Path other = Files.writeString(folder.resolve("other"), "abc");
        var time = FileTime.from(Instant.parse("2026-01-02T03:04:05Z"));
        Files.setLastModifiedTime(used, time);
        try (var run = open()) {
            run.checkInputs(List.of(), List.of(used, other), false);
            Files.writeString(other, "abcd");
            run.checkInputs(List.of(used), List.of(used, other, folder.resolve("none")), false);
            Files.writeString(used, "abcd");
            Files.setLastModifiedTime(used, time);
            var message = Fixtures.inputError(() -> run.checkInputs(List.of(used, other), List.of(used, other), false));
            assertEquals(used + ": expected the file that the run began with (3 bytes of 2026-01-02T03:04:05Z), found "
                    + "4 bytes of 2026-01-02T03:04:05Z: put it back, or use another out; with verify from the start, a "
                    + "file is known by its content", message);
            Files.writeString(used, "abc");
            assertTrue(Fixtures.inputError(() -> run.checkInputs(List.of(used), List.of(used), false))
                    .contains("found 3 bytes of "));
            Files.setLastModifiedTime(used, time);
            run.checkInputs(List.of(used), List.of(used), false);
            Files.delete(used);
            assertTrue(Fixtures.inputError(() -> run.checkInputs(List.of(used), List.of(used), false))
                    .contains("found none"));
        }
    }

    /** SHA-256 of "abc" as in FIPS 180-4's example. */
    @Test
    void filesMayBeKnownByTheirContents() throws IOException {
        Path used = Files.writeString(folder.resolve("used"), "abc");
        try (var run = open()) {
            run.checkInputs(List.of(), List.of(used), true);
            assertTrue(Files.readString(run().resolve("inputs.json"))
                    .contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
            var time = Files.getLastModifiedTime(used);
            run.checkInputs(List.of(used), List.of(used), false); // keeps the hash
            Files.setLastModifiedTime(used, FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
            run.checkInputs(List.of(used), List.of(used), true);
            Files.writeString(used, "abd");
            Files.setLastModifiedTime(used, time);
            assertTrue(Fixtures.inputError(() -> run.checkInputs(List.of(used), List.of(used), true)).startsWith(
                    used + ": expected the file that the run began with"));
        }
    }

    @Test
    void aDirectoryIsOpenOnlyOnce() {
        try (var run = open()) {
            assertEquals(run() + ": in use by another run, wait for it or use another out",
                    Fixtures.inputError(this::open));
        }
        open().close();
    }

    @Test
    void aDirectoryOpenInAnotherProcessIsRefused() throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var other = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Holder.class.getName(),
                run().toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try {
            assertEquals('o', other.getInputStream().read());
            assertEquals(run() + ": in use by another run, wait for it or use another out",
                    Fixtures.inputError(this::open));
        } finally {
            other.destroyForcibly().waitFor();
        }
        open().close(); // a killed process leaves no lock behind
    }

    /** Holds a run directory open until it is killed. */
    static final class Holder {

        public static void main(String[] arguments) throws InterruptedException {
            try (var run = RunDirectory.open(Path.of(arguments[0]), SETTINGS, DATASET_SIZE)) {
                System.out.print("o" + run.done().size());
                System.out.flush();
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void aLinkToADirectoryWillDo() throws IOException {
        var target = Files.createDirectory(folder.resolve("target"));
        RunDirectory.open(Files.createSymbolicLink(folder.resolve("link"), target), SETTINGS, DATASET_SIZE).close();
        assertTrue(Files.exists(target.resolve("results.jsonl")));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsRefused() throws IOException {
        var file = Files.writeString(folder.resolve("file"), "");
        assertEquals(file + ": cannot be written (not a directory)",
                Fixtures.inputError(() -> RunDirectory.open(file, SETTINGS, DATASET_SIZE)));
        var message = Fixtures.inputError(() -> RunDirectory.open(file.resolve("run"), SETTINGS, DATASET_SIZE));
        assertTrue(message.startsWith(file.resolve("run") + ": cannot be written ("), message);
        Files.createDirectories(results());
        Files.writeString(run().resolve("settings.json"), "{\"n-samples\":\"10,50\",\"seed\":\"3\"}");
        assertTrue(Fixtures.inputError(this::open).startsWith(results() + ": cannot be read ("));
    }

    @Test
    void theErrorsReadBackAsTheSameFloats() throws IOException {
        var errors = new float[] {Float.MIN_VALUE, 1f / 3, 0.99999994f, 16777216f, 2.0E-3f, 3.4028235E38f};
        try (var run = open()) {
            run.append(new ImageResult(0, "a", 0, 0, 0.5, false, List.of(new PromptErrors(0, List.of(), errors))));
        }
        var read = new ObjectMapper().readTree(Files.readString(results())).at("/errors/0/errors");
        assertEquals(errors.length, read.size());
        for (int i = 0; i < errors.length; i++) {
            assertEquals(errors[i], Float.parseFloat(read.get(i).asText()));
        }
    }

    private Path run() {
        return folder.resolve("a" + File.separator + "run");
    }

    private Path results() {
        return run().resolve("results.jsonl");
    }

    private RunDirectory open() {
        return RunDirectory.open(run(), SETTINGS, DATASET_SIZE);
    }

    private static ImageResult result(int index, int label, int prediction) {
        return new ImageResult(index, "image " + index, prediction, label, 0.5, false, List.of(
                new PromptErrors(1, List.of(new Trial(500, 0)), new float[] {0.25f}),
                new PromptErrors(0, List.of(new Trial(500, 0)), new float[] {0.5f})));
    }
}
