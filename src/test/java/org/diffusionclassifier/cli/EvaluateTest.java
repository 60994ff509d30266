package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run over a dataset: what it writes, and that it can be interrupted anywhere. */
class EvaluateTest {

    private static final int IMAGES = 5;

    @TempDir
    private Path folder;
    private Path labels;

    @BeforeEach
    void copyPictures() throws IOException {
        labels = BundledPictures.copied(folder, IMAGES, 6).labels();
    }

    @Test
    void writesALineAnImageAndASummary() throws IOException {
        Path run = folder.resolve("run");
        String out = evaluate(run).succeeded().out();
        List<String> lines = Files.readAllLines(run.resolve("results.jsonl"));
        assertEquals(IMAGES, lines.size());
        int correct = 0;
        for (String line : lines) {
            JsonNode result = new ObjectMapper().readTree(line);
            assertEquals(result.get("prediction").intValue() == result.get("label").intValue(),
                    result.get("correct").booleanValue());
            correct += result.get("correct").booleanValue() ? 1 : 0;
            assertEquals(10 * 2 + 2 * 3, result.get("pairs").intValue());
            int errors = 0;
            for (JsonNode prompt : result.get("errors")) {
                errors += prompt.get("errors").size();
                prompt.get("errors").forEach(error -> assertTrue(error.floatValue() > 0));
            }
            assertEquals(26, errors);
        }
        JsonNode summary = new ObjectMapper().readTree(run.resolve("summary.json").toFile());
        assertEquals(IMAGES, summary.get("images").intValue());
        assertEquals(correct, summary.get("correct").intValue());
        assertTrue(summary.get("accuracyLow").doubleValue() <= (double) correct / IMAGES);
        assertTrue(out.contains(correct + " of " + IMAGES + " right"), out);
    }

    @Test
    void theSameCommandGivesTheSameBytes() throws IOException {
        evaluate(folder.resolve("a")).succeeded();
        evaluate(folder.resolve("b")).succeeded();
        assertArrayEquals(results("a"), results("b"));
    }

    @Test
    void severalDevicesGiveTheSameBytes() throws IOException {
        String one = evaluate(folder.resolve("a"), "--device", "cpu:1x1").succeeded().out();
        assertFalse(one.contains("images by device"), one);
        String two = evaluate(folder.resolve("b"), "--device", "cpu:2x1").succeeded().out();
        assertTrue(two.matches("(?s).* on 2 × cpu .*1 thread.*images by device: cpu:0 \\d, cpu:1 \\d\n.*"), two);
        assertArrayEquals(results("a"), results("b"));
        evaluate(folder.resolve("c"), "--device", "cpu:2x0").refused("--device: expected 1 to 1024 threads");
        evaluate(folder.resolve("c"), "--device", "cpu,simt").refused("--device: expected devices of one kind");
    }

    @Test
    void goesOnWhereATornLineEnds() throws IOException {
        evaluate(folder.resolve("whole")).succeeded();
        byte[] whole = results("whole");
        Path torn = folder.resolve("torn");
        evaluate(torn, "--limit", 2).succeeded();
        byte[] two = results("torn");
        Files.write(torn.resolve("results.jsonl"), Arrays.copyOf(whole, two.length + 100));
        String out = evaluate(torn).succeeded().out();
        assertTrue(out.contains("cut off an unfinished last line of 100 bytes"), out);
        assertArrayEquals(whole, results("torn"));
    }

    @Test
    void refusesOtherSettings() {
        Path run = folder.resolve("run");
        evaluate(run, "--limit", 1).succeeded();
        evaluate(run, "--seed", 1).refused(run.toString(), "seed 0", "seed 1");
        evaluate(run, "--background", "white").refused(run.toString(), "background");
        evaluate(run, "--loss", "l1").refused(run.toString(), "l2", "l1");
    }

    @Test
    void shardsMakeUpTheWhole() throws IOException {
        evaluate(folder.resolve("whole")).succeeded();
        evaluate(folder.resolve("s1"), "--shard", "1/2").succeeded();
        evaluate(folder.resolve("s2"), "--shard", "2/2").succeeded();
        var lines = new ArrayList<String>(Files.readAllLines(folder.resolve("s1/results.jsonl")));
        lines.addAll(Files.readAllLines(folder.resolve("s2/results.jsonl")));
        assertEquals(sorted(Files.readAllLines(folder.resolve("whole/results.jsonl"))), sorted(lines));
    }

    /** On two devices, also what waits for an image before it; the rest comes back to the same bytes. */
    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu:2x1"})
    void aKillLosesAtMostTheImageInHand(String device) throws Exception {
        evaluate(folder.resolve("whole"), "--device", device).succeeded();
        Path run = folder.resolve("killed");
        Path results = run.resolve("results.jsonl");
        var command = new ArrayList<>(command(run));
        command.addAll(List.of("--device", device));
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()).start();
        try {
            long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
            while (!Files.exists(results) || Files.readAllLines(results).size() < 2) {
                assertTrue(process.isAlive() && System.nanoTime() < patience,
                        () -> "no two results: " + read(folder.resolve("log")));
                Thread.sleep(5);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        evaluate(run, "--device", device).succeeded();
        assertArrayEquals(results("whole"), results("killed"));
    }

    @Test
    void twoAtOnceOnOneDirectoryAreRefused() throws Exception {
        Path run = folder.resolve("run");
        Process first = new ProcessBuilder(command(run)).redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()).start();
        try {
            long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
            while (!Files.exists(run.resolve("settings.json"))) {
                assertTrue(first.isAlive() && System.nanoTime() < patience, () -> read(folder.resolve("log")));
                Thread.sleep(5);
            }
            evaluate(run).refused(run.toString());
        } finally {
            first.destroyForcibly().waitFor();
        }
    }

    @Test
    void refusesALabelThatNoPromptStandsFor() {
        CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", folder.resolve("run"),
                "--classes", "t-shirt,trousers", "--n-samples", "1", "--to-keep", "1").refused("expected a label");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --learn 19                                 | --learn: expected at least 20 images, found 19
            --learn 20 --exhaustive                    | --learn: expected a race by --bound auto or covariance beside it
            --learn 20 --strategy race --bound anytime | --learn: expected a race by --bound auto or covariance beside it
            --learn 20 --strategy race --record x.bin  | --record: expected --exhaustive beside it
            """)
    void whatCannotLearnIsRefused(String options, String message) {
        var words = new ArrayList<Object>(
                List.of("evaluate", "--dataset", "csv:" + labels, "--out", folder.resolve("run")));
        words.addAll(List.of(options.split(" +")));
        CommandLineRun.of(words.toArray()).refused(message);
        assertFalse(Files.exists(folder.resolve("run")));
    }

    private CommandLineRun evaluate(Path run, Object... more) {
        var args = new ArrayList<Object>(arguments(run));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }

    private List<String> arguments(Path run) {
        return List.of("evaluate", "--dataset", "csv:" + labels, "--out", run.toString(), "--n-samples", "2,5",
                "--to-keep", "2,1", "--dtype", "f32");
    }

    private List<String> command(Path run) {
        var command = new ArrayList<String>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(arguments(run));
        return command;
    }

    private byte[] results(String run) throws IOException {
        return Files.readAllBytes(folder.resolve(run).resolve("results.jsonl"));
    }

    private static List<String> sorted(List<String> lines) {
        return lines.stream().sorted().toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
