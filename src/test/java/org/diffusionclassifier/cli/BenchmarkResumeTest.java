package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.published.PublishedFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Benchmarks of examples that are killed, and go on. */
class BenchmarkResumeTest {

    private static final int EXAMPLES = 6;
    private static final List<String> KINDS = List.of("add_att", "add_obj", "replace_att", "replace_obj",
            "replace_rel", "swap_att", "swap_obj");

    @TempDir
    private Path folder;

    private List<String> arguments(String benchmark, String run, Object... more) {
        var words = new ArrayList<String>(List.of("benchmark", benchmark, "--data", folder.resolve("data").toString(),
                "--out", folder.resolve(run).toString(), "--device", "cpu", "--dtype", "f32", "--n-samples", "5"));
        for (Object word : more) {
            words.add(word.toString());
        }
        return words;
    }

    private CommandLineRun run(String benchmark, String run, Object... more) {
        return CommandLineRun.of(arguments(benchmark, run, more).toArray());
    }

    private void layOut(String benchmark) throws IOException {
        var data = new PublishedFolder(folder.resolve("data"));
        switch (benchmark) {
            case "winoground" -> {
                for (int i = 0; i < 2 * EXAMPLES; i++) {
                    data.picture("images/" + i + ".png", 0x3579b * i);
                }
                data.text("examples.jsonl", IntStream.range(0, EXAMPLES).mapToObj(i -> """
                        {"image_0": "%d", "image_1": "%d", "caption_0": "%d on a mat", "caption_1": "a mat on %d"}
                        """.formatted(2 * i, 2 * i + 1, i, i)).collect(Collectors.joining()));
            }
            case "sugarcrepe" -> {
                data.picture("val2017/1.jpg", 0xff8800).picture("val2017/2.jpg", 0x88ff);
                for (String kind : KINDS) {
                    data.text("data/" + kind + ".json", """
                            {"0": {"filename": "1.jpg", "caption": "a cup", "negative_caption": "%s cup"},
                             "1": {"filename": "2.jpg", "caption": "a mat", "negative_caption": "%s mat"}}
                            """.formatted(kind, kind));
                }
            }
            default -> data.text("refcoco/instances.json", """
                            {"annotations": [{"bbox": [0, 0, 2, 4], "id": 1, "image_id": 9, "category_id": 1},
                                             {"bbox": [3, 1, 2.5, 3], "id": 2, "image_id": 9, "category_id": 1},
                                             {"bbox": [0, 0, 5, 5], "id": 4, "image_id": 25, "category_id": 2}],
                             "images": [{"id": 9, "file_name": "9.jpg", "width": 6, "height": 5},
                                        {"id": 25, "file_name": "25.jpg", "width": 6, "height": 5}],
                             "categories": []}
                            """).copy("refs(unc).p", "refcoco/refs(unc).p").picture("train2014/9.jpg", 0xff0001)
                    .picture("train2014/25.jpg", 2);
        }
    }

    /** The files come to the same bytes as those of a run that nobody disturbed, the page among them. */
    @ParameterizedTest
    @ValueSource(strings = {"winoground", "sugarcrepe", "refcoco"})
    void aKillLosesAtMostTheExampleInHand(String benchmark) throws Exception {
        layOut(benchmark);
        Object[] split = benchmark.equals("refcoco") ? new Object[] {"--split", "testA"} : new Object[0];
        int examples = benchmark.equals("refcoco") ? 3 : benchmark.equals("winoground") ? EXAMPLES : 2 * KINDS.size();
        run(benchmark, "whole", with(split, "--report", folder.resolve("whole.html"))).succeeded();
        Path results = folder.resolve("killed/results.jsonl");
        kill(arguments(benchmark, "killed", split), results);
        int done = Files.readAllLines(results).size();
        assertTrue(done < examples, done + " done before the kill");
        CommandLineRun resumed = run(benchmark, "killed", with(split, "--report", folder.resolve("killed.html")));
        assertTrue(resumed.succeeded().err().contains("went on with " + wholeLines(done, resumed.err()) + " of "
                + examples + " examples done"), resumed.err());
        for (String file : List.of("results.jsonl", "summary.json", "benchmark.json", "settings.json")) {
            assertArrayEquals(Files.readAllBytes(folder.resolve("whole").resolve(file)),
                    Files.readAllBytes(folder.resolve("killed").resolve(file)), file);
        }
        assertEquals(page("whole.html"), page("killed.html"));
    }

    /** But for the time at which it was written. */
    private List<String> page(String name) throws IOException {
        return Files.readAllLines(folder.resolve(name)).stream().filter(line -> !line.contains("<th>written</th>"))
                .toList();
    }

    private static Object[] with(Object[] words, Object... more) {
        var all = new ArrayList<Object>(List.of(words));
        all.addAll(List.of(more));
        return all.toArray();
    }

    /** A last line that the kill tore does not count. */
    private static int wholeLines(int lines, String err) {
        return err.contains("cut off an unfinished last line") ? lines - 1 : lines;
    }

    /** Starts a process, and kills it as soon as it has an answer. */
    private void kill(List<String> arguments, Path results) throws Exception {
        var command = new ArrayList<String>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(arguments);
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
            while (!Files.exists(results) || Files.readAllLines(results).isEmpty()) {
                assertTrue(process.isAlive() && System.nanoTime() < patience, Files.readString(log));
                Thread.sleep(1);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Wherever the last line was torn. More examples may be asked of a run, but no others. */
    @Test
    void goesOnFromItsFiles() throws IOException {
        layOut("winoground");
        run("winoground", "whole", "--limit", 2).succeeded();
        run("winoground", "run", "--limit", 1).succeeded();
        Path results = folder.resolve("run/results.jsonl");
        Files.writeString(results, "{\"index\":1,\"exa", StandardOpenOption.APPEND);
        String err = run("winoground", "run", "--limit", 2).succeeded().err();
        assertTrue(err.contains("cut off an unfinished last line of 15 bytes")
                && err.contains("went on with 1 of 2 examples done"), err);
        assertEquals(Files.readString(folder.resolve("whole/results.jsonl")), Files.readString(results));
        var result = new ObjectMapper().readTree(folder.resolve("run/benchmark.json").toFile());
        assertEquals(30, result.get("pairs").doubleValue());

        run("winoground", "run", "--seed", 1).refused("settings.json", "seed");
        Files.writeString(results, "{}\n" + Files.readString(results));
        run("winoground", "run").refused(results + ":1: not an answer");
        Files.writeString(results, Files.readAllLines(folder.resolve("whole/results.jsonl")).get(0) + "\n");
        Path list = folder.resolve("data/examples.jsonl");
        String lines = Files.readString(list);
        Files.writeString(list, lines.replace("0 on a mat", "0 on no mat"));
        run("winoground", "run").refused("--out", "found one to another example with index 0");
        Files.writeString(list, lines);
        new PublishedFolder(folder.resolve("data")).picture("images/0.png", 0xabcdef);
        run("winoground", "run").refused("images/0.png: expected the file that the run began with");
    }
}
