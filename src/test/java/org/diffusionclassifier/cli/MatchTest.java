package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code match} from the command line to what it prints and writes, whatever the bundled model has learned. */
class MatchTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;
    private Path bag;
    private Path shirt;

    @BeforeEach
    void copyPictures() throws IOException {
        bag = folder.resolve("bag.png");
        shirt = folder.resolve("shirt.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), bag);
            Files.copy(bundled.images().resolve("shirt-0.png"), shirt);
        }
    }

    /** All bundled examples at two trials; every score is counted again from the errors that the file has. */
    @Test
    void theBundledExamples() throws IOException {
        Path json = folder.resolve("out.json");
        String out = CommandLineRun.of("match", "--demo", "--n-samples", 2, "--json", json).succeeded().out();
        assertTrue(out.contains("2 trials of each; 1200 pairs"), out);
        assertTrue(out.contains("raw error:") && out.contains("error less the unconditional error:"), out);
        JsonNode summary = JSON.readTree(json.toFile());
        assertEquals(100, summary.get("examples").size());
        assertEquals("2", summary.get("settings").get("n-samples").textValue());
        for (String scoring : new String[] {"raw", "lessUnconditional"}) {
            Map<String, int[]> counted = new TreeMap<>();
            for (JsonNode example : summary.get("examples")) {
                count(counted.computeIfAbsent("all", tag -> new int[4]), example, scoring.equals("raw"));
                count(counted.computeIfAbsent(example.get("tag").textValue(), tag -> new int[4]), example,
                        scoring.equals("raw"));
            }
            assertEquals(counted.size(), summary.get(scoring).size());
            for (JsonNode scores : summary.get(scoring)) {
                int[] expected = counted.get(scores.get("tag").isNull() ? "all" : scores.get("tag").textValue());
                assertEquals(expected[0], scores.get("text").get("right").intValue());
                assertEquals(expected[1], scores.get("image").get("right").intValue());
                assertEquals(expected[2], scores.get("group").get("right").intValue());
                assertEquals(expected[3], scores.get("group").get("of").intValue());
            }
        }
    }

    private static void count(int[] counts, JsonNode example, boolean raw) {
        double[][] e = new double[2][2];
        for (int i = 0; i < 4; i++) {
            e[i / 2][i % 2] = example.get("errors").get(i / 2).get(i % 2).doubleValue()
                    - (raw ? 0 : example.get("unconditional").get(i / 2).doubleValue());
        }
        boolean text = e[0][0] < e[0][1] && e[1][1] < e[1][0];
        boolean image = e[0][0] < e[1][0] && e[1][1] < e[0][1];
        counts[0] += text ? 1 : 0;
        counts[1] += image ? 1 : 0;
        counts[2] += text && image ? 1 : 0;
        counts[3]++;
    }

    /** The matrix holds the errors that classify has for the same picture, caption, noise and timesteps. */
    @Test
    void theMatrixAgreesWithClassify() throws IOException {
        Path matrix = folder.resolve("matrix.json");
        String out = CommandLineRun.of("match", bag, shirt, "--captions", "a bag, a shirt", "--n-samples", 4,
                "--n-trials", 2, "--seed", 3, "--loss", "l1", "--dtype", "f32", "--json", matrix).succeeded().out();
        assertTrue(out.startsWith("   1  a bag\n   2  a shirt\n"), out);
        Path classified = folder.resolve("classified.json");
        CommandLineRun.of("classify", bag, shirt, "--classes", "a bag,a shirt", "--template", "{}", "--n-samples", 4,
                "--to-keep", 1, "--n-trials", 2, "--seed", 3, "--loss", "l1", "--dtype", "f32", "--json", classified)
                .succeeded();
        JsonNode rows = JSON.readTree(matrix.toFile());
        JsonNode images = JSON.readTree(classified.toFile());
        for (int picture = 0; picture < 2; picture++) {
            assertEquals(images.get(picture).get("image"), rows.get(picture).get("image"));
            for (JsonNode ranked : images.get(picture).get("ranking")) {
                double expected = ranked.get("meanError").doubleValue();
                assertEquals(expected, rows.get(picture).get("errors").get(ranked.get("classidx").intValue())
                        .doubleValue(), 1e-5 * expected);
            }
        }
    }

    @Test
    void aQuotedCaptionMayHaveCommas() {
        String out = CommandLineRun.of("match", bag, "--captions", "\"a bag, small\",a shirt", "--captions", "a coat",
                "--n-samples", 1).succeeded().out();
        assertTrue(out.startsWith("   1  a bag, small\n   2  a shirt\n   3  a coat\n"), out);
        CommandLineRun.of("match", bag, "--captions", "a,\"\"").refused("--captions: caption 2 is empty");
    }

    /** A picture matched twice has the same errors twice: noise is shared, and equal scores are wrong. */
    @Test
    void onePictureTwiceIsNeverMatched() throws IOException {
        Files.writeString(folder.resolve("examples.jsonl"), """
                {"image_0": "bag.png", "image_1": "bag.png", "caption_0": "a bag", "caption_1": "a shirt"}
                """);
        Path json = folder.resolve("out.json");
        CommandLineRun.of("match", "--examples", folder.resolve("examples.jsonl"), "--n-samples", 2, "--json", json)
                .succeeded();
        JsonNode example = JSON.readTree(json.toFile()).get("examples").get(0);
        assertEquals(example.get("errors").get(0), example.get("errors").get(1));
        assertEquals(example.get("unconditional").get(0), example.get("unconditional").get(1));
        assertFalse(example.get("raw").get("image").booleanValue());
        assertFalse(example.get("raw").get("text").booleanValue());
    }

    @Test
    void refusesWhatCannotBeCompared() {
        CommandLineRun.of("match").refused("IMAGE", "--examples", "--demo", "none");
        CommandLineRun.of("match", bag, "--demo", "--captions", "a,b").refused("several");
        CommandLineRun.of("match", bag).refused("--captions");
        CommandLineRun.of("match", "--demo", "--captions", "a").refused("--captions");
        CommandLineRun.of("match", bag, "--captions", "a bag").refused("at least two");
        CommandLineRun.of("match", bag, "--captions", "a bag, ").refused("--captions: caption 2 is empty");
        CommandLineRun.of("match", bag, "--captions", "a bag,a bag").refused("--captions", "twice");
        CommandLineRun.of("match", folder.resolve("gone.png"), "--captions", "a,b").refused("gone.png", "no such file");
        CommandLineRun.of("match", "--examples", folder.resolve("gone.jsonl")).refused("gone.jsonl", "no such file");
        CommandLineRun.of("match", "--examples", folder).refused(folder.toString());
    }

    /** One file is no image at all, the other is cut in the middle: its header is whole. */
    @Test
    void anExampleWithABrokenPictureIsLeftOut() throws IOException {
        Files.writeString(folder.resolve("text.png"), "a cat");
        byte[] whole = Files.readAllBytes(shirt);
        Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(whole, whole.length / 2));
        String line = """
                {"image_0": "bag.png", "image_1": "shirt.png", "caption_0": "a bag", "caption_1": "a shirt"}
                """;
        Path examples = Files.writeString(folder.resolve("examples.jsonl"),
                line.replace("shirt.png", "text.png") + line + line.replace("shirt.png", "cut.png"));
        Path json = folder.resolve("out.json");
        CommandLineRun matched = CommandLineRun.of("match", "--examples", examples, "--n-samples", 1, "--json", json)
                .succeeded();
        JsonNode summary = JSON.readTree(json.toFile());
        assertEquals(1, summary.get("examples").size());
        assertEquals(1, summary.get("raw").get(0).get("text").get("of").intValue());
        assertEquals(2, summary.get("failed").size());
        assertTrue(matched.err().contains("note: 2 left out, because the picture cannot be read: "), matched.err());
        assertTrue(matched.err().contains(cut + ": broken image: "), matched.err());
        CommandLineRun.of("match", "--examples", examples, "--n-samples", 1, "--fail-fast").refused("text.png");
    }

    @Test
    void refusesBrokenExamples() throws IOException {
        Path examples = folder.resolve("examples.jsonl");
        Files.writeString(folder.resolve("text.png"), "a cat");
        String line = """
                {"image_0": "bag.png", "image_1": "shirt.png", "caption_0": "a", "caption_1": "b"}
                """;
        Files.writeString(examples, line + line.replace("shirt.png", "gone.png"));
        CommandLineRun.of("match", "--examples", examples).refused("examples.jsonl:2: image_1", "gone.png");
        Files.writeString(examples, line + line.replace("\"b\"", "\" \""));
        CommandLineRun.of("match", "--examples", examples).refused("examples.jsonl:2: caption_1 is empty");
        Files.writeString(examples, line.replace("shirt.png", "text.png"));
        CommandLineRun.of("match", "--examples", examples).refused("text.png", "not an image");
    }

    @ParameterizedTest
    @CsvSource({"--n-samples,0", "--n-samples,-1", "--n-samples,1001", "--n-trials,0", "--loss,l3", "--loss,vb",
        "--to-keep,1", "--json,/no/such/folder/out.json", "--noise,/no/such/noise"})
    void refusesOptionsThatMeanNothing(String option, String value) {
        CommandLineRun.of("match", bag, "--captions", "a,b", option, value).refused(option.equals("--noise") ? value
                : option);
    }
}
