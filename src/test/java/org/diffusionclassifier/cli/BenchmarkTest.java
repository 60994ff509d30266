package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.diffusionclassifier.benchmark.Benchmarks;
import org.diffusionclassifier.benchmark.Task;
import org.diffusionclassifier.dataset.published.PublishedFolder;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.SmallDit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code benchmark} and {@code benchmarks}, from miniatures of the data sets to tables, with the bundled model and with
 * a DiT of ImageNet's labels that has learned nothing.
 */
class BenchmarkTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path models;
    private static Path dit;

    @TempDir
    private Path folder;

    @BeforeAll
    static void layOutTheDit() throws IOException {
        dit = SmallDit.ofImageNet().write(models.resolve("DiT-S-2.safetensors"));
    }

    private Path data() {
        return folder.resolve("data");
    }

    private CommandLineRun run(String benchmark, Object... more) {
        var words = new ArrayList<Object>(List.of("benchmark", benchmark, "--data", data(), "--out",
                folder.resolve("run"), "--device", "cpu", "--dtype", "f32"));
        words.addAll(List.of(more));
        return CommandLineRun.of(words.toArray());
    }

    private CommandLineRun runByLabels(String benchmark, Object... more) {
        var words = new ArrayList<Object>(List.of("--model", dit, "--vae", Golden.of("vae-tiny"), "--interval", "500"));
        words.addAll(List.of(more));
        return run(benchmark, words.toArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"food101", "cifar10", "aircraft", "pets", "flowers102", "stl10", "cifar100", "mnist",
            "fashion-mnist", "eurosat", "clevr"})
    void comparesCaptions(String benchmark) throws IOException {
        List<Integer> labels = BenchmarkMiniatures.layOut(benchmark, data());
        String out = run(benchmark, "--strategy", "exhaustive", "--n-samples", "1").succeeded().out();
        assertTrue(out.contains("not as the benchmark has it: strategy exhaustive:1"), out);
        assertEquals(labels, checked(benchmark));
    }

    @ParameterizedTest
    @ValueSource(strings = {"imagenet", "imagenetv2-matched-frequency", "imagenetv2-threshold-0.7",
            "imagenetv2-top-images", "imagenet-a", "imagenet-r", "imagenet-sketch"})
    void comparesLabels(String benchmark) throws IOException {
        List<Integer> labels = BenchmarkMiniatures.layOut(benchmark, data());
        String out = runByLabels(benchmark).succeeded().out();
        assertTrue(out.contains("of equal classes the first wins") && out.contains("not turned by EXIF"), out);
        JsonNode settings = JSON.readTree(folder.resolve("run/settings.json").toFile());
        assertTrue(settings.get("dataset").textValue().endsWith(", not turned by EXIF"), settings.toString());
        assertEquals(labels, checked(benchmark));
    }

    /** ObjectNet's folders that are no class are passed over, and a class is the best of its labels. */
    @Test
    void objectNetWithLabels() throws IOException {
        BenchmarkMiniatures.layOut("objectnet", data());
        String out = runByLabels("objectnet", "--limit", "3").succeeded().out();
        assertTrue(out.contains("3 of 113 pictures, at most 250 pairs each"), out);
        assertEquals(List.of(0, 1, 2), checked("objectnet"));
    }

    /** All captions of the set at one timestep; ImageNet's two missiles are evaluated once, as are its sunglasses. */
    @ParameterizedTest
    @CsvSource({"objectnet, 113, 113, 0", "imagenet-a, 200, 200, 6", "imagenet, '1,000', 998, 0"})
    void comparesCaptionsOfASetOfImageNets(String benchmark, String captions, int pairs, int label)
            throws IOException {
        BenchmarkMiniatures.layOut(benchmark, data());
        String out = run(benchmark, "--exhaustive", "--n-samples", "1", "--limit", "1").succeeded().out();
        assertTrue(out.contains("at most " + captions + " pairs each"), out);
        assertTrue(out.contains("; " + pairs + " pairs an image;"), out);
        assertEquals(List.of(label), checked(benchmark));
    }

    /** Four pictures of a class, as the paper's commands have it; one caption for two classes counts for the first. */
    @Test
    void imageNetWithCaptions() throws IOException {
        BenchmarkMiniatures.layOut("imagenet", data());
        Path prompts = Files.writeString(folder.resolve("prompts.csv"), "prompt,classname,classidx\na tench,tench,0\n"
                + "a fox,kit fox,278\na fox,second fox,279\na dumbbell,dumbbell,543\n");
        String out = run("imagenet", "--prompts", prompts, "--exhaustive", "--n-samples", "2").succeeded().out();
        assertTrue(out.contains("6 of 7 pictures, at most 8 pairs each, 48 in all"), out);
        assertTrue(out.contains("published: top-1 61.4 % (Stable Diffusion 2.0-base, the paper); this run is "), out);
        assertTrue(out.contains("strategy exhaustive:2, prompts of the user's"), out);
        assertEquals(List.of(278, 543, 0, 278, 278, 278), checked("imagenet", List.of(0, 278, 279, 543)));
    }

    /** As of ImageNet's two missiles: whatever the picture shows. */
    @ParameterizedTest
    @ValueSource(strings = {"--exhaustive", "--to-keep"})
    void ofEqualCaptionsTheFirstWins(String option) throws IOException {
        BenchmarkMiniatures.layOut("pets", data());
        Path prompts = Files.writeString(folder.resolve("prompts.csv"), "prompt,classname,classidx\na cat,one,1\n"
                + "a cat,none,0\na cat,two,2\n");
        Object[] strategy = option.equals("--to-keep") ? new Object[] {"--n-samples", "1,2", "--to-keep", "2,1"}
                : new Object[] {"--exhaustive", "--n-samples", "1"};
        var words = new ArrayList<Object>(List.of("--prompts", prompts));
        words.addAll(List.of(strategy));
        run("pets", words.toArray()).succeeded();
        for (String line : Files.readAllLines(folder.resolve("run/results.jsonl"))) {
            assertEquals(1, JSON.readTree(line).get("prediction").intValue());
        }
    }

    /**
     * A second computation from the recorded errors, by the official code's rules: the smallest mean, the first of
     * equal ones; shares of all pictures and of each class. Returns the pictures' labels, by their numbers in the data
     * set.
     */
    private List<Integer> checked(String benchmark) throws IOException {
        var task = (Task.ClassTask) Benchmarks.of(benchmark).task();
        boolean byLabels = JSON.readTree(folder.resolve("run/benchmark.json").toFile()).get("byLabels").booleanValue();
        return checked(benchmark, (byLabels ? task.labels() : task.captions()).get().classIndices());
    }

    /** @param classes of the prompts */
    private List<Integer> checked(String benchmark, List<Integer> classes) throws IOException {
        var labels = new TreeMap<Integer, Integer>();
        int right = 0;
        Map<Integer, int[]> counted = new TreeMap<>();
        List<String> lines = Files.readAllLines(folder.resolve("run/results.jsonl"));
        for (String text : lines) {
            JsonNode line = JSON.readTree(text);
            Map<Integer, Double> means = new TreeMap<>();
            for (JsonNode prompt : line.get("errors")) {
                double sum = 0;
                for (JsonNode error : prompt.get("errors")) {
                    sum += error.doubleValue();
                }
                means.put(prompt.get("prompt").intValue(), sum / prompt.get("errors").size());
            }
            int best = means.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey();
            int label = line.get("label").intValue();
            int prediction = line.get("prediction").intValue();
            assertEquals(classes.get(best), prediction);
            labels.put(line.get("index").intValue(), label);
            int[] counts = counted.computeIfAbsent(label, index -> new int[2]);
            counts[0] += prediction == label ? 1 : 0;
            counts[1]++;
            right += prediction == label ? 1 : 0;
        }
        JsonNode result = JSON.readTree(folder.resolve("run/benchmark.json").toFile());
        assertEquals(benchmark, result.get("benchmark").textValue());
        assertEquals(right, result.get("correct").get("right").intValue());
        assertEquals(lines.size(), result.get("correct").get("of").intValue());
        double mean = counted.values().stream().mapToDouble(counts -> (double) counts[0] / counts[1]).average()
                .orElseThrow();
        assertEquals(mean, result.get("classMean").get("share").doubleValue(), 1e-12);
        return List.copyOf(labels.values());
    }

    /** Of every class of the benchmark one answer is possible: with an interval of 500, two timesteps of 200 labels. */
    @Test
    void onlyClassesOfTheSetCompete() throws IOException {
        BenchmarkMiniatures.layOut("imagenet-a", data());
        CommandLineRun run = runByLabels("imagenet-a").succeeded();
        assertTrue(run.out().contains("2 of 2 pictures, at most 400 pairs each, 800 in all"), run.out());
        assertTrue(run.err().contains("note: there are pictures of 2 of the 200 classes"), run.err());
    }

    @Test
    void aPublishedArchiveIsReadWithoutUnpacking() throws IOException {
        BenchmarkMiniatures.layOut("eurosat", folder.resolve("unpacked"));
        Files.createDirectories(data());
        try (var zip = new ZipOutputStream(Files.newOutputStream(data().resolve("EuroSAT.zip")));
                var files = Files.walk(folder.resolve("unpacked"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                zip.putNextEntry(new ZipEntry(folder.resolve("unpacked").relativize(file).toString()));
                zip.write(Files.readAllBytes(file));
            }
        }
        run("eurosat", "--exhaustive", "--n-samples", "1").succeeded();
        assertEquals(List.of(1, 9), checked("eurosat"));
        assertTrue(Files.readString(folder.resolve("run/inputs.json")).contains("EuroSAT.zip"));
    }

    /** Without names of classes, labels are indices; with names, all must be the benchmark's. */
    @Test
    void parquetFilesAreReadAsTheHubHasThem() throws IOException {
        Path written = Fixtures.resource("parquet/uncompressed.parquet");
        new PublishedFolder(data()).bytes("data/test.parquet", Files.readAllBytes(written));
        run("cifar10", "--exhaustive", "--n-samples", "1").succeeded();
        assertEquals(List.of(0, 1, 2, 0, 1), checked("cifar10"));
        Path named = Fixtures.resource("parquet/data/test-00000-of-00002.parquet").getParent().getParent();
        CommandLineRun.of("benchmark", "cifar10", "--data", named, "--out", folder.resolve("other"))
                .refused("parquet " + named, "expected classes of the benchmark (airplane, automobile, …)",
                        "found also \"fox\"");
    }

    /** The pictures' archive beside the devkit; a folder a class, as torchvision makes them; Kaggle's lists. */
    @ParameterizedTest
    @ValueSource(strings = {"tar", "folders", "kaggle"})
    void imageNetAsPeopleHaveIt(String form) throws IOException {
        BenchmarkMiniatures.layOutImageNet(form, data());
        runByLabels("imagenet", "--limit", "3").succeeded();
        assertEquals(form.equals("folders") ? List.of(0, 278, 543) : List.of(278, 543, 0), checked("imagenet"));
    }

    @Test
    void goesOnWhereItWasInterrupted() throws IOException {
        BenchmarkMiniatures.layOut("pets", data());
        run("pets", "--exhaustive", "--n-samples", "1", "--limit", "1").succeeded();
        String out = run("pets", "--exhaustive", "--n-samples", "1").succeeded().out();
        assertTrue(out.contains("going on with 1 done"), out);
        assertEquals(List.of(0, 1), checked("pets"));
        run("pets", "--exhaustive", "--n-samples", "2").refused("n-samples");
    }

    @Test
    void otherTimestepsAreNotAsTheBenchmarkHasIt() throws IOException {
        BenchmarkMiniatures.layOut("pets", data());
        String out = run("pets", "--exhaustive", "--n-samples", "1", "--timesteps", "100..899", "--timestep-weights",
                "snr").succeeded().out();
        assertTrue(out.contains("timesteps 100..899, weighted timesteps"), out);
        JsonNode settings = JSON.readTree(folder.resolve("run/benchmark.json").toFile()).get("settings");
        assertEquals("100..899 snr", settings.get("timesteps").textValue() + " "
                + settings.get("timestep-weights").textValue());
    }

    private static final String EXAMPLE = "{\"image_0\": \"ex_0_img_0\", \"image_1\": \"ex_0_img_1\", "
            + "\"caption_0\": \"a cup on a book\", \"caption_1\": \"a book on a cup\", "
            + "\"collapsed_tag\": \"Relation\"}";

    @Test
    void winoground() throws IOException {
        var given = new PublishedFolder(data()).text("winoground/examples.jsonl", EXAMPLE + "\n")
                .picture("winoground/images/ex_0_img_0.png", 1).picture("winoground/images/ex_0_img_1.png", 0xff00);
        String out = run("winoground", "--n-samples", "2").succeeded().out();
        assertTrue(out.contains("Winoground, test: 1 examples, at most 12 pairs in all"), out);
        assertTrue(out.contains("published: text score 38.5 %") && out.contains("2 timesteps"), out);
        JsonNode summary = JSON.readTree(folder.resolve("run/summary.json").toFile());
        JsonNode result = JSON.readTree(folder.resolve("run/benchmark.json").toFile());
        assertEquals(summary.get("raw").get(0).get("text"), result.get("correct"));
        run("winoground", "--shard", "2/2").refused("--shard: expected a share of at least one example, found none");
        run("winoground", "--limit", "0").refused("--limit: expected at least 1, found 0");
        run("winoground", "--record", "x").refused("--record and --learn: expected none of them, as winoground");
        run("winoground", "--to-keep", "1").refused("options of strategies");
        given.delete("winoground/images/ex_0_img_1.png");
        run("winoground", "--n-samples", "2").refused("image_1", "ex_0_img_1");
        given.delete("winoground/examples.jsonl");
        run("winoground").refused("--data " + data(), "expected Winoground, as examples.jsonl", "huggingface.co");
    }

    /** Accuracy is counted again from the errors that the file has. */
    @Test
    void choosesCaptions() throws IOException {
        var given = new PublishedFolder(data()).picture("val2017/000000000139.jpg", 0xff8800);
        for (String kind : List.of("add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att",
                "swap_obj")) {
            given.text("data/" + kind + ".json", """
                    {"0": {"filename": "000000000139.jpg", "caption": "a red cup", "negative_caption": "a %s cup"}}
                    """.formatted(kind));
        }
        String out = run("sugarcrepe", "--n-samples", "1", "--report", folder.resolve("p.html")).succeeded().out();
        assertTrue(out.contains("7 examples, at most 21 pairs in all") && out.contains("replace_rel"), out);
        JsonNode summary = JSON.readTree(folder.resolve("run/summary.json").toFile());
        int right = 0;
        for (JsonNode choice : summary.get("choices")) {
            right += choice.get("rightError").doubleValue() < choice.get("wrongError").doubleValue() ? 1 : 0;
        }
        assertEquals(right, summary.get("correct").get("right").intValue());
        assertEquals(right / 7.0, summary.get("meanOfKinds").doubleValue(), 1e-12);
        assertTrue(Files.readString(folder.resolve("p.html")).contains("swap_obj"));
        given.delete("data/swap_obj.json");
        run("sugarcrepe").refused("data/swap_obj.json: cannot be read (no such file)");
    }

    @Test
    void choosesCaptionsOfABox() throws IOException {
        String choice = "{\"image_path\": \"1.jpg\", \"bbox_x\": 1, \"bbox_y\": 2, \"bbox_w\": %d, \"bbox_h\": 2, "
                + "\"relation_name\": \"on\", \"true_caption\": \"a cup on a mat\", \"false_caption\": \"a mat\"}";
        var given = new PublishedFolder(data()).picture("images/1.jpg", 0xff)
                .text("visual_genome_relation.json", "[" + choice.formatted(3) + "]");
        String out = run("aro-relation", "--n-samples", "1").succeeded().out();
        assertTrue(out.contains("ARO, relations, all: accuracy") && out.contains("nothing is known to be published"),
                out);
        given.text("visual_genome_relation.json", "[" + choice.formatted(9) + "]");
        run("aro-relation").refused("images/1.jpg", "expected a box inside the picture of 6×5 pixels");
        run("aro-attribution").refused("expected ARO, attributes, as visual_genome_attribution.json");
        Files.move(folder.resolve("run"), folder.resolve("relations"));
        given.text("visual_genome_attribution.json", "[" + choice.formatted(3).replace("\"relation_name\": \"on\"",
                "\"attributes\": [\"red\", \"small\"]") + "]");
        String attributes = run("aro-attribution", "--n-samples", "1").succeeded().out();
        assertTrue(attributes.contains("ARO, attributes, all: accuracy") && attributes.contains("red small"),
                attributes);
    }

    /** The box is inside the picture as it is stored, and would reach beyond it if it were turned. */
    @Test
    void boxesAreOfThePictureAsStored() throws IOException {
        new PublishedFolder(data()).bytes("images/1.jpg", Files.readAllBytes(Fixtures.resource(
                "image/orientation-6.png"))).text("visual_genome_relation.json", """
                        [{"image_path": "1.jpg", "bbox_x": 1, "bbox_y": 1, "bbox_w": 5, "bbox_h": 3,
                          "relation_name": "on", "true_caption": "a cup on a mat", "false_caption": "a mat"}]
                        """);
        run("aro-relation", "--n-samples", "1").succeeded();
        JsonNode settings = JSON.readTree(folder.resolve("run/benchmark.json").toFile()).get("settings");
        assertEquals("not turned by EXIF", settings.get("pictures").textValue());
    }

    @ParameterizedTest
    @CsvSource({"refcoco, unc, testA, 3", "refcoco+, unc, val, 1", "refcocog, umd, val, 1"})
    void refersToBoxes(String benchmark, String by, String split, int sentences) throws IOException {
        var given = new PublishedFolder(data()).text(benchmark + "/instances.json", """
                {"annotations": [{"bbox": [0, 0, 2, 4], "id": 1, "image_id": 9, "category_id": 1},
                                 {"bbox": [3, 1, 2.5, 3], "id": 2, "image_id": 9, "category_id": 1},
                                 {"bbox": [0, 0, 5, 5], "id": 4, "image_id": 25, "category_id": 2}],
                 "images": [{"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 6, "height": 5},
                            {"id": 25, "file_name": "COCO_train2014_000000000025.jpg", "width": 6, "height": 5}],
                 "categories": []}
                """).copy("refs(unc).p", benchmark + "/refs(" + by + ").p")
                .picture("train2014/COCO_train2014_000000000009.jpg", 1)
                .picture("train2014/COCO_train2014_000000000025.jpg", 2);
        String out = run(benchmark, "--split", split, "--n-samples", "1").succeeded().out();
        assertTrue(out.contains(split + ": " + sentences + " examples, at most " + 8 * sentences + " pairs"), out);
        JsonNode result = JSON.readTree(folder.resolve("run/benchmark.json").toFile());
        assertEquals(sentences, result.get("correct").get("of").intValue());
        given.delete(benchmark + "/refs(" + by + ").p");
        run(benchmark, "--split", split).refused(benchmark + "/refs(" + by + ").p: cannot be read (no such file)");
        given.delete("train2014/COCO_train2014_000000000009.jpg");
    }

    @Test
    void wrongHalvesAreNamed() throws IOException {
        run("pets").refused("--data " + data() + ": expected Oxford-IIIT Pets", "found no folder",
                "https://www.robots.ox.ac.uk/~vgg/data/pets/ (CC BY-SA 4.0)");
        BenchmarkMiniatures.layOut("pets", data().resolve("very/far/down"));
        run("pets").refused("--data " + data(), "found none of it");
        BenchmarkMiniatures.layOut("food101", folder.resolve("data/deep"));
        run("food101").refused("expected Food-101 in it, found it in " + data().resolve("deep"));
        BenchmarkMiniatures.layOut("food101", data());
        Files.delete(data().resolve("food-101/images/pizza/1.jpg"));
        run("food101").refused("no picture \"images/pizza/1.jpg\"");
        run("food101", "--split", "train").refused("food-101/meta/train.json: cannot be read (no such file)");
        new PublishedFolder(data()).text("food-101/meta/test.json", "{\"gravel\": [\"gravel/1\"]}")
                .picture("food-101/images/gravel/1.jpg", 1);
        run("food101").refused("expected classes of the benchmark (apple_pie, baby_back_ribs, …)",
                "found also \"gravel\"");
        new PublishedFolder(data()).picture("imagenet-a/n00000000/x.jpg", 1).picture("imagenet-a/n01498041/x.jpg", 1);
        runByLabels("imagenet-a").refused("expected the folders of ImageNet-A", "found also \"n00000000\"");
        runByLabels("food101").refused("found also \"gravel\"");
        BenchmarkMiniatures.layOut("mnist", data());
        runByLabels("mnist").refused("--model: expected a model that is conditioned on captions for mnist");
        run("mnist", "--split", "val").refused("--split: expected test, train, found \"val\"");
        run("mnsit").refused("benchmark: expected food101, ", "found \"mnsit\"");
        assertTrue(Files.notExists(folder.resolve("run")));
    }

    @Test
    void tablesOfBenchmarksAndResults() throws IOException {
        String list = CommandLineRun.of("benchmarks", "--json", folder.resolve("list.json")).succeeded().out();
        assertTrue(list.contains("top-1 87.3 % (Stable Diffusion 2.0-base, the paper)"), list);
        assertEquals("food101", JSON.readTree(folder.resolve("list.json").toFile()).get(0).get("name").textValue());
        CommandLineRun.of("benchmarks", "--report", folder.resolve("p.html")).refused("--report: expected --results");
        CommandLineRun.of("benchmarks", "--results", folder)
                .refused("--results: expected folders that benchmark wrote");

        BenchmarkMiniatures.layOut("pets", data());
        run("pets", "--exhaustive", "--n-samples", "1", "--report", folder.resolve("run.html")).succeeded();
        Path page = folder.resolve("p.html");
        String table = CommandLineRun.of("benchmarks", "--results", folder, "--report", page, "--json",
                folder.resolve("results.json")).succeeded().out();
        assertTrue(table.lines().anyMatch(line -> line.startsWith("pets ") && line.contains("87.3")
                && line.contains("model bundled") && line.endsWith("strategy exhaustive:1")), table);
        assertTrue(table.lines().anyMatch(line -> line.matches("food101 +test +77.7 +- +- +-")), table);
        assertTrue(Files.readString(page).contains("Oxford-IIIT Pets"));
        assertEquals(1, JSON.readTree(folder.resolve("results.json").toFile()).size());
    }
}
