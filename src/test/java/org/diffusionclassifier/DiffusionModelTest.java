package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Payback;
import org.diffusionclassifier.result.run.RunDirectory;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Interval;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.GoldenDit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library as a program embeds it: what is refused when, what is loaded when, and what stays as it is. */
class DiffusionModelTest {

    @TempDir
    private Path folder;

    private static DiffusionModel.Builder cpu() {
        return DiffusionModel.builder().device("cpu").dtype("f32");
    }

    private static RgbImage bag() {
        try (var bundled = BundledModel.open()) {
            return ImageDecoder.read(bundled.images().resolve("bag-0.png"));
        }
    }

    @Test
    void aWrongFileIsRefusedWhenItIsLoaded() throws IOException {
        Path text = Files.writeString(folder.resolve("model.safetensors"), "a cat");
        assertTrue(Fixtures.inputError(() -> DiffusionModel.load(text)).startsWith(text.toString()));
        Path none = folder.resolve("none");
        assertTrue(Fixtures.inputError(() -> DiffusionModel.load(none)).startsWith(none.toString()));
        Path dit = folder.resolve("dit");
        GoldenDit.layOut(dit);
        Files.delete(dit.resolve("vae/config.json"));
        assertTrue(Fixtures.inputError(() -> DiffusionModel.load(dit)).contains("vae"));
    }

    @Test
    void specificationsNameTheirFields() {
        assertEquals("batchSize: expected at least 1, found 0", Fixtures.inputError(() -> cpu().batchSize(0)));
        assertEquals("dtype f16: expected f32 or bf16 on the CPU", Fixtures.inputError(() -> cpu().dtype("f16")));
        assertEquals("device: expected auto, all, cpu, cuda, simt, a card as cuda:1, or models and threads as "
                + "cpu:2x1, found tpu", Fixtures.inputError(() -> DeviceSpec.of("tpu")));
        assertEquals("kernels vendor: expected a GPU (device cuda or simt), found the CPU",
                Fixtures.inputError(() -> cpu().kernels("vendor")));
        assertEquals("nTrials: expected 1 to 1000, found 0", Fixtures.inputError(() -> TrialSpec.DEFAULT.withNTrials(0)));
        assertEquals("interval: expected at least 1, found 0", Fixtures.inputError(() -> new Interval(0)));
        assertEquals("limit: expected at least 1, found 0",
                Fixtures.inputError(() -> new Range(null, 0, null, new Shard(1, 1))));
        assertTrue(Fixtures.inputError(() -> cpu().weightsBudget(1 << 20).load()).startsWith("weightsBudget: expected at"));
    }

    /** "Sneaker" and "sneaker" are the same tokens; the errors of the others are those that they have without it. */
    @Test
    void classesOfTheSameTokensTieAndAreEvaluatedOnce() {
        try (var model = cpu().load()) {
            var plain = model.classifier("sneaker", "coat", "bag").strategy(Staged.exhaustive(5)).classify(bag());
            var twice = model.classifier("sneaker", "coat", "Bag", "bag").strategy(Staged.exhaustive(5));
            Classification answer = twice.classify(bag());
            assertEquals(List.of("classes that are the same to the model, so that they tie: 2 \"Bag\" and 3 \"bag\""),
                    twice.notices());
            assertTrue(answer.isTie());
            assertEquals(15, answer.pairs());
            assertEquals("Bag", answer.best().name());
            assertEquals(0, answer.best().margin());
            assertEquals(answer.ranking().get(0).probability(), answer.ranking().get(1).probability());
            for (int rank = 0; rank < 3; rank++) {
                assertArrayEquals(plain.ranking().get(rank).errors(),
                        answer.ranking().get(rank == 0 ? 0 : rank + 1).errors());
            }
            assertArrayEquals(answer.ranking().get(0).errors(), answer.ranking().get(1).errors());
            assertTrue(model.classifier("Bag", "bag").classify(bag()).pairs() <= 50);
            assertEquals(0, twice.explain(bag(), answer).evidence().largest());
        }
    }

    /** The bundled model's context is 32 tokens: 30 of a caption's own. "word" is one, as is each comma. */
    @Test
    void captionsThatAreCutAreNoticed() {
        try (var model = cpu().load()) {
            var prompts = new PromptSet(List.of(new Prompt("a, ".repeat(20), "x", 0),
                    new Prompt("a, ".repeat(21), "y", 1), new Prompt("a, ".repeat(15), "z", 2)));
            String excerpt = "\"a, a, a, a, a, a, a, a, a… a, a, a, a, a, a, a, a, \"";
            var classifier = model.classifier(prompts);
            assertEquals(List.of("2 captions are longer than the model's 32 tokens, its beginning and end included, "
                    + "and cut: " + excerpt + " by 10, " + excerpt + " by 12", "classes that are the same to the "
                    + "model, so that they tie: 0 \"x\" and 1 \"y\" and 2 \"z\""), classifier.notices());
            assertEquals(List.of(), model.classifier("bag", "coat").notices());
            var matched = model.matching().nSamples(2).matrix(List.of(picture()), List.of("A bag", "a  bag"),
                    (picture, errors) -> { });
            assertEquals(List.of("captions that are the same to the model, so that their errors are equal: \"A bag\" "
                    + "and \"a  bag\""), matched.notices());
            assertEquals(4, matched.pairs());
        }
    }

    /**
     * A vector that is the table's own for "bag" gives what "bag" gives.
     */
    @Test
    void anEmbeddingIsAWordLikeAnother() throws IOException {
        Path file = folder.resolve("learned.safetensors");
        float[] row;
        int id;
        try (var bundled = BundledModel.open(); var checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()))) {
            id = checkpoint.tokenizer("tokenizer").json("vocab.json").get("bag</w>").intValue();
            float[] table = checkpoint.component("text_encoder").weights()
                    .floats("embeddings.token_embedding.weight", 645, 128);
            row = Arrays.copyOfRange(table, id * 128, (id + 1) * 128);
        }
        new SafetensorsWriter().floats("<mine>", DType.F32, List.of(128), row).write(file);
        try (var model = cpu().embedding(file, null).load();
             var classifier = model.classifier("bag", "<mine>", "coat").strategy(Staged.exhaustive(4))) {
            Classification answer = classifier.classify(bag());
            assertEquals(List.of(), classifier.notices());
            assertEquals(12, answer.pairs(), "other tokens, though of one vector");
            double[] means = answer.ranking().stream().filter(each -> !each.className().equals("coat"))
                    .mapToDouble(each -> each.meanError()).toArray();
            assertEquals(means[0], means[1], 1e-7);
            assertEquals(file.toString(), classifier.settings().get("embedding"));
            assertEquals(List.of("no caption has the token \"<mine>\", which an embedding added"),
                    model.classifier("bag", "coat").notices());
        }
    }

    private static Path picture() {
        return Fixtures.resource("demo-model/images/bag-0.png");
    }

    /** Nothing is loaded for these. */
    @Test
    void aClassifierIsCheckedBeforeAnythingIsLoaded() {
        var loaded = new ArrayList<String>();
        try (var model = cpu().log(loaded::add).load()) {
            var classifier = model.classifier("bag", "coat");
            assertEquals("nSamples 1001: expected at most the 1000 timesteps 0..999",
                    Fixtures.inputError(() -> classifier.strategy(Staged.exhaustive(1001)).check()));
            assertEquals("toKeep: expected at most the 2 prompts, found 3", Fixtures.inputError(() ->
                    classifier.strategy(new Staged(List.of(1, 2), List.of(3, 1))).check()));
            assertEquals("interval 3: expected a divisor of the 1000 timesteps 0..999",
                    Fixtures.inputError(() -> classifier.strategy(new Interval(3)).check()));
            assertEquals("loss vb: expected a model that predicts variances, as DiT does",
                    Fixtures.inputError(() -> classifier.loss(Objective.VB).check()));
            assertEquals("classes: \"bag\" is given twice", Fixtures.inputError(() -> model.classifier("bag", "bag")));
            assertTrue(Fixtures.inputError(() -> model.referring().nSamples(0)).startsWith("nSamples"));
            assertEquals(List.of(), loaded);
            assertEquals(2, classifier.load().prompts().classCount());
            assertEquals(3, loaded.size(), loaded.toString());
        }
    }

    @Test
    void aModelOfLabelsHasNoCaptionsToCompare() throws IOException {
        Path dit = folder.resolve("dit");
        GoldenDit.layOut(dit);
        try (var model = cpu().checkpoint(dit).load()) {
            assertEquals(10, model.classifier().prompts().classCount());
            assertTrue(Fixtures.inputError(model::matching).startsWith("matching: expected a model that is conditioned on"));
            assertTrue(Fixtures.inputError(() -> model.classifier("10")).contains("class \"10\": expected a label's name"));
        }
    }

    /** A second question to an open model is answered as by a model of its own. */
    @Test
    void otherCaptionsMayBeAskedAboutLater() {
        RgbImage bag = bag();
        try (var model = cpu().load(); var first = model.classifier("bag", "coat").strategy(Staged.exhaustive(3));
                var second = model.classifier("dress", "bag", "shirt").strategy(Staged.exhaustive(3))) {
            first.classify(bag);
            Classification late = second.classify(bag);
            try (var fresh = cpu().load(); var only = fresh.classifier("dress", "bag", "shirt")
                    .strategy(Staged.exhaustive(3))) {
                Classification early = only.classify(bag);
                for (int rank = 0; rank < 3; rank++) {
                    assertEquals(early.ranking().get(rank).prompt(), late.ranking().get(rank).prompt());
                    assertArrayEquals(early.ranking().get(rank).errors(), late.ranking().get(rank).errors());
                }
            }
        }
    }

    @Test
    void withersLeaveAClassifierAsItIs() {
        RgbImage bag = bag();
        try (var model = cpu().load(); var plain = model.classifier("bag", "coat").strategy(Staged.exhaustive(2));
                var seeded = plain.seed(3)) {
            float[] before = plain.classify(bag).ranking().get(0).errors();
            assertNotEquals(before[0], seeded.classify(bag).ranking().get(0).errors()[0]);
            assertArrayEquals(before, plain.classify(bag).ranking().get(0).errors());
            assertArrayEquals(before, plain.seed(3).seed(0).batchSize(4).classify(bag).ranking().get(0).errors(), 1e-6f);
            assertEquals("seed 0", plain.settings().get("noise"));
        }
    }

    @Test
    void aRunTellsItsListenerAndIsResumed() throws IOException {
        Path out = folder.resolve("run");
        try (var bundled = BundledModel.open(); var model = cpu().load();
                var classifier = model.classifier().strategy(Staged.exhaustive(1))) {
            Dataset dataset = Datasets.csv(bundled.images().resolve("labels.csv"));
            Path record = folder.resolve("errors.safetensors");
            assertTrue(Fixtures.inputError(() -> new Evaluation(dataset, Range.ALL, out, record)
                    .run(classifier.strategy(new Staged(List.of(1, 2), List.of(2, 1))), new Noting()))
                    .startsWith("record: expected exhaustive"));
            assertFalse(Files.exists(out));
            var first = new Noting();
            new Evaluation(dataset, new Range(null, 2, null, new Shard(1, 1)), out, null).run(classifier, first);
            assertEquals(List.of("started 0 of 2", "0", "1 done", "3", "2 done"), first.lines);
            var second = new Noting();
            var finished = new Evaluation(dataset, new Range(null, 3, null, new Shard(1, 1)), out, record)
                    .run(classifier, second);
            assertEquals(List.of("started 2 of 3", "2 done", "2 done", "6", "3 done"), second.lines);
            assertEquals(3, finished.summary().images());
            assertEquals(3, finished.recording().images().size());
            assertTrue(Files.exists(record) && Files.exists(out.resolve("summary.json")));
        }
    }

    /** 20 images see every trial, the others race by what these taught; and so they do after an interruption. */
    @Test
    void aRunLearnsFromItsFirstImages() throws IOException {
        try (var bundled = BundledModel.open(); var model = cpu().load();
                var classifier = model.classifier().strategy(new Race(0.9, Race.AUTO, 3, null))) {
            Dataset dataset = Datasets.csv(bundled.images().resolve("labels.csv"));
            Path whole = folder.resolve("whole");
            var noting = new Noting();
            evaluation(dataset, 24, whole).run(classifier, noting);
            assertEquals(List.of("learned from 20"),
                    noting.lines.stream().filter(line -> line.startsWith("learned")).toList());
            assertEquals(noting.lines.indexOf("20 done") + 1, noting.lines.indexOf("learned from 20"));
            for (int limit : new int[] {12, 22, 24}) {
                evaluation(dataset, limit, folder.resolve("parts")).run(classifier, new Noting());
            }
            assertArrayEquals(Files.readAllBytes(whole.resolve("results.jsonl")),
                    Files.readAllBytes(folder.resolve("parts/results.jsonl")));
            String settings = Files.readString(whole.resolve("settings.json"));
            assertTrue(settings.contains("\"learn\" : \"20\"") && settings.contains("race:0.9,covariance,3"), settings);
            try (var run = RunDirectory.open(whole, new ObjectMapper().readValue(settings,
                    new TypeReference<TreeMap<String, String>>() { }), 30)) {
                List<Long> pairs = run.results().stream().map(result -> result.outcome().pairs()).toList();
                assertEquals(Collections.nCopies(20, 30L), pairs.subList(0, 20));
                assertTrue(pairs.subList(20, 24).stream().allMatch(each -> each < 30), pairs.toString());
            }
        }
    }

    private static Evaluation evaluation(Dataset dataset, int limit, Path out) {
        return new Evaluation(dataset, new Range(null, limit, null, new Shard(1, 1)), null, out, null, 20, false, false);
    }

    private static final class Noting implements Evaluation.Listener {

        private final List<String> lines = new ArrayList<>();

        @Override
        public void started(RunDirectory run, int wanted) {
            lines.add("started " + run.done().size() + " of " + wanted);
        }

        @Override
        public void classified(ImageResult result) {
            lines.add(String.valueOf(result.index()));
        }

        @Override
        public void learned(CovarianceCalibration learned, Payback payback) {
            lines.add("learned from " + learned.images());
        }

        @Override
        public void progressed(long correct, int finished) {
            lines.add(finished + " done");
        }
    }
}
