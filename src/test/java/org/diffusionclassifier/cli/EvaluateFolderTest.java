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
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.result.ErrorRecording;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run over folders of pictures as people have them: classes by name, broken pictures, pictures that change. */
class EvaluateFolderTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;
    private Path data;
    private Path run;

    /** Two classes in another order than the bundled prompts', the second with one picture more. */
    @BeforeEach
    void layOut() throws IOException {
        data = folder.resolve("data");
        run = folder.resolve("run");
        copy("coat-0.png", "coat/a.png");
        copy("sneaker-0.png", "sneaker/a.png");
        copy("sneaker-1.png", "sneaker/b.png");
    }

    private void copy(String picture, String name) throws IOException {
        Files.createDirectories(data.resolve(name).getParent());
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve(picture), data.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** By hand; {@code classify} has the errors 0.044280 and 0.051827 for the first sneaker and these captions. */
    @Test
    void foldersAreClassesByName() throws IOException {
        evaluate(run, "--classes", "sneaker,coat").succeeded();
        JsonNode summary = summary();
        assertEquals(3, summary.get("correct").intValue());
        assertEquals(1, summary.get("meanPerClassAccuracy").doubleValue());
        assertEquals("[[2,0],[0,1]]", summary.get("confusion").get("counts").toString());
        JsonNode sneaker = results(run).stream().filter(line -> line.get("name").textValue().equals("sneaker/a.png"))
                .findFirst().orElseThrow();
        assertEquals(0, sneaker.get("label").intValue());
        assertEquals(0.044280, mean(sneaker.get("errors").get(0)), 1e-6);
        assertEquals(0.051827, mean(sneaker.get("errors").get(1)), 1e-6);
    }

    private static double mean(JsonNode prompt) {
        return (prompt.get("errors").get(0).doubleValue() + prompt.get("errors").get(1).doubleValue()) / 2;
    }

    @Test
    void theBundledPromptsClassesAreFoundByName() throws IOException {
        CommandLineRun.of("evaluate", "--dataset", "folder:" + data, "--out", run, "--device", "cpu", "--dtype", "f32")
                .succeeded();
        assertEquals(3, summary().get("correct").intValue());
        assertEquals(List.of(4, 7, 7), results(run).stream().map(line -> line.get("label").intValue()).toList());
    }

    @Test
    void classesWithoutAPromptAreRefusedUnlessAMapNamesThem() throws IOException {
        Files.move(data.resolve("sneaker"), data.resolve("running shoe"));
        evaluate(run, "--classes", "sneaker,coat").refused("--dataset", "\"sneaker\", \"coat\"", "\"running shoe\"",
                "--class-map");
        assertFalse(Files.exists(run));
        Path map = Files.writeString(folder.resolve("map.csv"), "dataset,class\nrunning_shoe,Sneaker\n");
        evaluate(run, "--classes", "sneaker,coat", "--class-map", map).succeeded();
        assertEquals(3, summary().get("correct").intValue());
        Files.writeString(map, "dataset,class\nrunning shoe,1\n");
        evaluate(run, "--classes", "sneaker,coat", "--class-map", map)
                .refused("images-and-classes was", run.toString());
    }

    @Test
    void aLimitTakesEveryClassAndARunCanBeExtended() throws IOException {
        evaluate(run, "--limit", 2).succeeded();
        assertEquals(List.of("coat/a.png", "sneaker/a.png"), names(run));
        byte[] limited = Files.readAllBytes(run.resolve("results.jsonl"));
        evaluate(run).succeeded();
        byte[] whole = Files.readAllBytes(run.resolve("results.jsonl"));
        assertArrayEquals(limited, Arrays.copyOf(whole, limited.length));
        assertEquals(List.of("coat/a.png", "sneaker/a.png", "sneaker/b.png"), names(run));
        Path each = folder.resolve("each");
        evaluate(each, "--limit-per-class", 1).succeeded();
        assertArrayEquals(limited, Files.readAllBytes(each.resolve("results.jsonl")));
        Path first = folder.resolve("first");
        evaluate(first, "--first", 1).succeeded();
        assertEquals(List.of("coat/a.png"), names(first));
    }

    @Test
    void aBrokenPictureIsKeptAsFailedAndTheRunGoesOn() throws IOException {
        byte[] whole = Files.readAllBytes(data.resolve("sneaker/a.png"));
        Files.write(data.resolve("sneaker/a.png"), Arrays.copyOf(whole, 200));
        Path page = folder.resolve("page.html");
        CommandLineRun broken = evaluate(run, "--report", page).succeeded();
        assertTrue(broken.out().contains(" of 2 right, without 1 that failed: accuracy"), broken.out());
        assertTrue(broken.err().contains("note: 1 left out, because the picture cannot be read: "
                + data.resolve("sneaker/a.png") + ": broken image: "), broken.err());
        assertTrue(Files.readString(page).contains("sneaker/a.png: broken image: "));
        assertEquals(2, summary().get("images").intValue());
        assertEquals(1, summary().get("failed").intValue());
        JsonNode failed = results(run).get(1);
        assertEquals("sneaker/a.png", failed.get("name").textValue());
        assertEquals(7, failed.get("label").intValue());

        byte[] before = Files.readAllBytes(run.resolve("results.jsonl"));
        evaluate(run).succeeded();
        assertArrayEquals(before, Files.readAllBytes(run.resolve("results.jsonl")));
        evaluate(run, "--fail-fast").refused(data.resolve("sneaker/a.png") + ": broken image");

        Files.write(data.resolve("sneaker/a.png"), whole);
        evaluate(run).succeeded();
        assertEquals(0, summary().get("failed").intValue());
        assertEquals(3, summary().get("images").intValue());
        assertEquals(4, results(run).size());
    }

    @Test
    void aRecordingLeavesFailedPicturesOut() throws IOException {
        Path picture = data.resolve("sneaker/a.png");
        Files.write(picture, Arrays.copyOf(Files.readAllBytes(picture), 200));
        Path record = folder.resolve("errors.bin");
        CommandLineRun.of("evaluate", "--dataset", "folder:" + data, "--out", run, "--device", "cpu", "--dtype", "f32",
                "--exhaustive", "--n-samples", 1, "--record", record).succeeded();
        ErrorRecording recording = ErrorRecording.read(record);
        assertEquals(List.of(0, 2), recording.images());
        assertEquals(List.of(4, 7), recording.labels());
    }

    @Test
    void withoutOneWholePictureThereIsNoAccuracy() throws IOException {
        for (String name : List.of("coat/a.png", "sneaker/a.png", "sneaker/b.png")) {
            Files.write(data.resolve(name), Arrays.copyOf(Files.readAllBytes(data.resolve(name)), 100));
        }
        evaluate(run).refused("no image could be classified, 3 failed", "coat/a.png");
        assertFalse(Files.exists(run.resolve("summary.json")));
    }

    @Test
    void aPictureThatWasReplacedIsRefusedOnResuming() throws IOException {
        evaluate(run, "--limit", 1).succeeded();
        copy("sneaker-2.png", "sneaker/b.png");     // has no result yet
        evaluate(run, "--limit", 2).succeeded();
        copy("coat-1.png", "coat/a.png");
        evaluate(run).refused(data.resolve("coat/a.png").toString(), "bytes of", "--out", "--verify");
    }

    @Test
    void aCopyIsTheSamePictureToVerify() throws IOException {
        evaluate(run, "--limit", 1, "--verify").succeeded();
        Path coat = data.resolve("coat/a.png");
        Files.setLastModifiedTime(coat, FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
        evaluate(run, "--limit", 2).refused(coat.toString());
        evaluate(run, "--limit", 2, "--verify").succeeded();
        byte[] bytes = Files.readAllBytes(coat);
        bytes[bytes.length - 1] ^= 1;
        FileTime time = Files.getLastModifiedTime(coat);
        Files.write(coat, bytes);
        Files.setLastModifiedTime(coat, time);
        evaluate(run, "--verify").refused(coat.toString());
    }

    @Test
    void aModelThatWasReplacedIsRefusedOnResuming() throws IOException {
        Path model = folder.resolve("model");
        try (var bundled = BundledModel.open(); var files = Files.walk(bundled.root())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = model.resolve(bundled.root().relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        evaluate(run, "--model", model, "--classes", "sneaker,coat", "--limit", 1).succeeded();
        evaluate(run, "--model", model, "--classes", "sneaker,coat", "--limit", 1).succeeded();
        Path config = model.resolve("scheduler/scheduler_config.json");
        Files.writeString(config, Files.readString(config) + "\n");
        evaluate(run, "--model", model, "--classes", "sneaker,coat")
                .refused("scheduler_config.json", "bytes of", "--out");
    }

    /** Files that settings name belong to what results come from, too. */
    @Test
    void priorsThatWereReplacedAreRefusedOnResuming() throws IOException {
        Path prior = Files.writeString(folder.resolve("prior.csv"), "classname,weight\nsneaker,1\ncoat,2\n");
        evaluate(run, "--classes", "sneaker,coat", "--prior", prior, "--limit", 1).succeeded();
        Files.writeString(prior, "classname,weight\nsneaker,1\ncoat,200\n");
        evaluate(run, "--classes", "sneaker,coat", "--prior", prior).refused(prior.toString(), "bytes of", "--out");
    }

    @Test
    void whatIsPassedOverIsNoted() throws IOException {
        copy("coat-1.png", "coat/b.jfif");
        Files.writeString(data.resolve("coat/notes.txt"), "");
        Files.writeString(data.resolve("coat/c.jpg"), "not found");
        CommandLineRun noted = evaluate(run).succeeded();
        assertEquals(4, summary().get("images").intValue());
        assertTrue(noted.err().contains("note: 1 picture passed over that cannot be read: coat/c.jpg"), noted.err());
        assertTrue(noted.err().contains("note: 1 other file passed over: coat/notes.txt"), noted.err());
    }

    private CommandLineRun evaluate(Path out, Object... more) {
        var args = new ArrayList<Object>(List.of("evaluate", "--dataset", "folder:" + data, "--out", out, "--device",
                "cpu", "--dtype", "f32", "--n-samples", 2, "--to-keep", 1));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }

    private JsonNode summary() throws IOException {
        return JSON.readTree(run.resolve("summary.json").toFile());
    }

    private static List<String> names(Path run) throws IOException {
        return results(run).stream().map(line -> line.get("name").textValue()).toList();
    }

    private static List<JsonNode> results(Path run) throws IOException {
        var results = new ArrayList<JsonNode>();
        for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
            results.add(JSON.readTree(line));
        }
        return results;
    }
}
