package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.diffusionclassifier.result.ClassMean;
import org.diffusionclassifier.result.ConfusionMatrix;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.score.TimestepRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The table of benchmarks, and how results compare with it. */
class BenchmarksTest {

    @TempDir
    Path folder;

    /** What the official code evaluates for an image, counted by running its arithmetic of indices. */
    @ParameterizedTest
    @CsvSource({"food101, 5570", "aircraft, 5550", "flowers102, 5590", "cifar10, 2750", "stl10, 3000", "pets, 2050",
            "imagenet, 124500", "objectnet, 14400", "cifar100, 5550"})
    void takesThePairsOfTheOfficialCode(String name, long pairs) {
        var task = (Task.ClassTask) Benchmarks.of(name).task();
        int prompts = task.captions().get().prompts().size();
        assertEquals(pairs, task.strategy(false, prompts).mostPairs(TimestepRange.all(1000), 1, prompts));
    }

    /** Every fourth timestep, for every label of the set. */
    @ParameterizedTest
    @CsvSource({"imagenet, 250000", "imagenet-a, 50000", "objectnet, 31250", "imagenetv2-top-images, 250000"})
    void comparesLabelsAsThePapersRunsOfDit(String name, long pairs) {
        var task = (Task.ClassTask) Benchmarks.of(name).task();
        int prompts = task.labels().get().prompts().size();
        assertEquals(pairs, task.strategy(true, prompts).mostPairs(TimestepRange.all(1000), 1, prompts));
    }

    @Test
    void everyBenchmarkIsComplete() {
        List<Benchmark> all = Benchmarks.all();
        assertEquals(all.size(), all.stream().map(Benchmark::name).distinct().count());
        for (Benchmark benchmark : all) {
            assertTrue(benchmark.layout().page().startsWith("http"), benchmark.name());
            if (benchmark.task() instanceof Task.ClassTask task) {
                assertEquals(benchmark.classes(), task.captions().get().classCount(), benchmark.name());
                assertTrue(task.labels() == null || task.labels().get().classCount() == benchmark.classes());
            }
        }
        assertEquals("split: expected val, testA, testB, found \"test\"",
                inputError(() -> Benchmarks.of("refcoco").split("test")));
        assertTrue(inputError(() -> Benchmarks.of("none")).endsWith("clevr, found \"none\""));
    }

    @Test
    void figuresAreOfAModelAndASplit() {
        Benchmark refCoco = Benchmarks.of("refcoco");
        assertEquals(23.83, refCoco.figures(false, "val").get(0).percent());
        assertEquals(21.55, refCoco.figures(false, "testA").get(0).percent());
        assertEquals(List.of(), refCoco.figures(false, "testB"));
        Benchmark imageNet = Benchmarks.of("imagenet");
        assertEquals(61.4, imageNet.figures(false, "val").get(0).percent());
        assertEquals(List.of(), imageNet.figures(true, "val"));
        assertEquals(1, Benchmarks.of("imagenet-a").figures(true, "all").size());
    }

    @Test
    void resultsAreComparedByTheirInterval() throws IOException {
        var figure = new Figure(null, "top-1", 50, null, Figure.Source.LISTED);
        assertEquals("as published", result(5, 10).compared(figure));
        assertEquals("higher", result(90, 100).compared(figure));
        assertEquals("lower", result(10, 100).compared(figure));
        Files.createDirectories(folder.resolve("a/b"));
        result(5, 10).write(folder.resolve("a/b"));
        result(6, 10).write(folder);
        assertEquals(List.of(result(5, 10), result(6, 10)), BenchmarkResult.readAll(folder));
        Files.writeString(folder.resolve("a/b/benchmark.json"), "{}");
        assertEquals(folder + "/a/b/benchmark.json: expected what benchmark wrote, found other JSON, or none",
                inputError(() -> BenchmarkResult.readAll(folder)));
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertEquals("results: expected folders that benchmark wrote (benchmark.json) in " + empty + ", found none",
                inputError(() -> BenchmarkResult.readAll(empty)));
    }

    private static BenchmarkResult result(int right, int of) {
        return new BenchmarkResult("pets", "test", false, "top-1", Proportion.of(right, of),
                new ClassMean(0.5, 0.4, 0.6), 2050, List.of("loss l2"), new TreeMap<>());
    }

    /**
     * By hand: classes of 4 and 1 images with 3 and 1 right have shares 3/4 and 1; with 4/6 and 2/3 in the variance it
     * is (4/6 · 2/6 / 4 + 2/3 · 1/3 / 1) / 4 = 5/72, and 1.96 · √(5/72) = 0.5165.
     */
    @Test
    void meanOfTheClasses() {
        var confusion = new ConfusionMatrix(List.of(0, 1, 2), List.of("a", "b", "c"),
                new int[][] {{3, 1, 0}, {0, 1, 0}, {0, 0, 0}});
        ClassMean mean = ClassMean.of(confusion);
        assertEquals(0.875, mean.share(), 1e-12);
        assertEquals(0.875 - 0.51649, mean.low(), 1e-4);
        assertEquals(1, mean.high());
    }
}
