package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code refer} from the command line to what it prints, writes and draws, whatever the bundled model has learned. */
class ReferTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;
    private Path boxes;
    private Path picture;
    private Path demo;

    @BeforeEach
    void copyAnExample() throws IOException, URISyntaxException {
        demo = Path.of(ReferTest.class.getResource("/referring/refs.jsonl").toURI());
        JsonNode first = JSON.readTree(Files.readAllLines(demo).get(0));
        picture = demo.resolveSibling(first.get("image").textValue());
        boxes = Files.writeString(folder.resolve("boxes.json"), first.get("boxes").toString());
    }

    /** The whole demo set at one trial; every accuracy is counted again from the errors that the file has. */
    @Test
    void theDemoSet() throws IOException {
        Path json = folder.resolve("out.json");
        String out = CommandLineRun.of("refer", "--examples", demo, "--n-samples", 1, "--json", json).succeeded().out();
        assertTrue(out.contains("40 examples") && out.contains("chance"), out);
        JsonNode summary = JSON.readTree(json.toFile());
        assertEquals(40, summary.get("examples").size());
        assertEquals(6, summary.get("accuracies").size());
        for (int way = 0; way < 6; way++) {
            int correct = 0;
            for (JsonNode example : summary.get("examples")) {
                correct += example.get("boxes").get(best(example.get("boxes"), way)).get("box")
                        .equals(example.get("truth")) ? 1 : 0;
            }
            assertEquals(correct, summary.get("accuracies").get(way).get("correct").get("right").intValue());
        }
    }

    /** Crop, mask, sum; then the same less the unconditional errors. */
    private static int best(JsonNode candidates, int way) {
        int best = 0;
        for (int i = 1; i < candidates.size(); i++) {
            best = score(candidates.get(i), way) < score(candidates.get(best), way) ? i : best;
        }
        return best;
    }

    private static double score(JsonNode box, int way) {
        double crop = box.get("crop").doubleValue() - (way < 3 ? 0 : box.get("cropUnconditional").doubleValue());
        double mask = box.get("mask").doubleValue() - (way < 3 ? 0 : box.get("maskUnconditional").doubleValue());
        return way % 3 == 0 ? crop : way % 3 == 1 ? mask : crop + mask;
    }

    /** A box around one picture pasted into another scores, by crop, what classify finds for that picture. */
    @Test
    void aCropAgreesWithClassify() throws IOException {
        Path bag = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), bag);
        }
        var pasted = ImageIO.read(bag.toFile());
        var canvas = new BufferedImage(90, 40, BufferedImage.TYPE_BYTE_GRAY);
        canvas.getRaster().setRect(57, 11, pasted.getRaster());
        Path composed = folder.resolve("composed.png");
        ImageIO.write(canvas, "png", composed.toFile());
        Files.writeString(boxes, "[[0, 0, 28, 28], [57, 11, 28, 28]]");
        Path referred = folder.resolve("referred.json");
        CommandLineRun.of("refer", composed, "--boxes", boxes, "--expression", "a bag", "--n-samples", 4,
                "--dtype", "f32", "--json", referred).succeeded();
        Path classified = folder.resolve("classified.json");
        CommandLineRun.of("classify", bag, "--classes", "a bag", "--template", "{}", "--n-samples", 4, "--to-keep", 1,
                "--dtype", "f32", "--json", classified).succeeded();
        double expected = JSON.readTree(classified.toFile()).get(0).get("ranking").get(0).get("meanError")
                .doubleValue();
        assertEquals(expected, JSON.readTree(referred.toFile()).get("boxes").get(1).get("crop").doubleValue(),
                1e-5 * expected);
    }

    @Test
    void printsALineABoxAndDrawsThem() throws IOException {
        Path png = folder.resolve("drawn.png");
        String out = CommandLineRun.of("refer", picture, "--boxes", boxes, "--expression", "the garment on the left",
                "--n-samples", 1, "--annotate", png).succeeded().out();
        assertTrue(out.startsWith(picture + ": the garment on the left\n"), out);
        assertEquals(2, out.lines().filter(line -> line.matches(" +[12]  x \\d+, y \\d+, 28×28 .*")).count(), out);
        assertTrue(ImageIO.read(png.toFile()).getWidth() >= 480);
    }

    @Test
    void refusesWhatNamesNoBox() throws IOException {
        CommandLineRun.of("refer").refused("IMAGE", "--examples", "neither");
        CommandLineRun.of("refer", picture, "--examples", demo).refused("both");
        CommandLineRun.of("refer", picture, "--expression", "a bag").refused("--boxes");
        CommandLineRun.of("refer", picture, "--boxes", boxes).refused("--expression");
        CommandLineRun.of("refer", picture, "--boxes", boxes, "--expression", " ").refused("--expression is empty");
        CommandLineRun.of("refer", "--examples", demo, "--annotate", folder.resolve("a.png")).refused("--annotate");
        refer(folder.resolve("gone.png"), "[[0, 0, 9, 9], [1, 1, 9, 9]]").refused("gone.png", "no such file");
        refer(picture, "[[0, 0, 9, 9]]").refused(boxes.toString(), "at least two", "found 1");
        refer(picture, "[[0, 0, 9, 9], [20, 9, 13, 9]]").refused(boxes.toString(), "32×64", "[20, 9, 13, 9]");
        refer(picture, "[[0, 0, 9, 9], [0, 0, 9]]").refused(boxes + "[1]", "[0,0,9]");
        refer(picture, "no JSON").refused(boxes.toString());
    }

    @Test
    void anExampleWithABrokenPictureIsLeftOut() throws IOException {
        Path refs = folder.resolve("refs.jsonl");
        byte[] whole = Files.readAllBytes(picture);
        Files.write(folder.resolve("00.png"), whole);
        Path cut = Files.write(folder.resolve("01.png"), Arrays.copyOf(whole, whole.length / 2));
        String line = """
                {"image": "00.png", "boxes": [[0, 0, 9, 9], [1, 1, 9, 9]], "expression": "a bag", "truth": 0}
                """;
        Files.writeString(refs, line.replace("00.png", "01.png") + line);
        Path json = folder.resolve("out.json");
        CommandLineRun referred = CommandLineRun.of("refer", "--examples", refs, "--n-samples", 1, "--json", json)
                .succeeded();
        JsonNode summary = JSON.readTree(json.toFile());
        assertEquals(1, summary.get("examples").size());
        assertTrue(summary.get("failed").get(0).textValue().startsWith(cut + ": broken image: "), summary.toString());
        assertTrue(referred.err().contains("note: 1 left out"), referred.err());
        CommandLineRun.of("refer", "--examples", refs, "--n-samples", 1, "--fail-fast").refused("01.png");
        Files.writeString(refs, line.replace("00.png", "01.png"));
        CommandLineRun.of("refer", "--examples", refs, "--n-samples", 1).refused("found none of 1", "01.png");
    }

    @Test
    void refusesExamplesWithBoxesOutsideTheirPicture() throws IOException {
        Path refs = folder.resolve("refs.jsonl");
        Files.copy(picture, folder.resolve("00.png"));
        Files.writeString(refs, """
                {"image": "00.png", "boxes": [[0, 0, 9, 9], [1, 1, 32, 9]], "expression": "a bag", "truth": 0}
                """);
        CommandLineRun.of("refer", "--examples", refs).refused("refs.jsonl:1: boxes", "[1, 1, 32, 9]");
        Files.writeString(refs, """
                {"image": "00.png", "boxes": [[0, 0, 9, 9], [1, 1, 9, 9]], "expression": "bag", "truth": [0, 60, 9, 9]}
                """);
        CommandLineRun.of("refer", "--examples", refs).refused("refs.jsonl:1: truth", "[0, 60, 9, 9]");
    }

    @ParameterizedTest
    @CsvSource({"--json", "--annotate"})
    void anUnwritableOutputIsRefusedBeforeTheWork(String option) {
        Path file = folder.resolve("none/out");
        CommandLineRun.of("refer", picture, "--boxes", boxes, "--expression", "a bag", option, file)
                .refused(option, file.toString());
        assertFalse(Files.exists(folder.resolve("none")));
    }

    private CommandLineRun refer(Path image, String content) throws IOException {
        Files.writeString(boxes, content);
        return CommandLineRun.of("refer", image, "--boxes", boxes, "--expression", "a bag");
    }
}
