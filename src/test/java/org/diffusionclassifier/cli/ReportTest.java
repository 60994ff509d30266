package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.testing.GoldenDit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --report} and {@code --explain} from the command line to the files, whatever the pictures, names and classes. */
class ReportTest {

    @TempDir
    private Path folder;
    private Path bag;
    private Path page;

    @BeforeEach
    void copyAPicture() throws IOException {
        bag = folder.resolve("bag.png");
        page = folder.resolve("page.html");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), bag);
        }
    }

    /** In two stages: ten prompts see two trials, two of them five. */
    private CommandLineRun classify(Object... more) {
        return classify("2,5", "2,1", more);
    }

    private CommandLineRun classify(String nSamples, String toKeep, Object... more) {
        var words = new ArrayList<Object>(List.of("classify", "--n-samples", nSamples, "--to-keep", toKeep));
        words.addAll(List.of(more));
        return CommandLineRun.of(words.toArray());
    }

    /** What is printed and recorded does not change because somebody looks at pictures of it. */
    @Test
    void pagesDoNotChangeTheResults() throws IOException {
        Path plain = folder.resolve("plain.json");
        Path looked = folder.resolve("looked.json");
        classify(bag, bag, "--json", plain).succeeded();
        Path explained = folder.resolve("explained.html");
        classify(bag, bag, "--json", looked, "--report", page, "--explain", explained).succeeded();
        assertEquals(Files.readString(plain), Files.readString(looked));
        String report = Files.readString(page);
        String explanation = Files.readString(explained);
        for (String part : List.of("bag.png", "Where the evidence lies", "by timestep", "26 pairs", "bundled", "2,5")) {
            assertTrue(report.contains(part), part);
            assertTrue(explanation.contains(part), part);
        }
        assertEquals(3, report.split("<section>").length - 1, "two pictures and the settings");
        assertTrue(report.contains("errors above the winner") && !explanation.contains("errors above the winner"));
    }

    @Test
    void aPngExplainsOnePicture() throws IOException {
        Path png = folder.resolve("e.PNG");
        classify(bag, "--explain", png).succeeded();
        BufferedImage drawn = ImageIO.read(png.toFile());
        assertEquals(816, drawn.getWidth());
        assertEquals(480, drawn.getHeight());
    }

    /** The square that the model sees of a picture may be a small part of it, or most of it made up. */
    @ParameterizedTest
    @CsvSource({"1, 1", "4000, 300", "3, 700"})
    void picturesMayBeOfAnyShape(int width, int height) throws IOException {
        Path picture = folder.resolve("<script>alert(1) & 100%s.png");
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        classify(picture, "--report", page, "--explain", folder.resolve("e.png")).succeeded();
        String report = Files.readString(page);
        assertTrue(report.contains("&lt;script&gt;alert(1)"), report);
        assertFalse(report.contains("<script"), report);
        assertTrue(report.contains(width + " × " + height + " pixels"), report);
    }

    @Test
    void oneClassHasNothingToBeComparedWith() throws IOException {
        classify("1", "1", bag, "--classes", "bag", "--report", page).succeeded();
        assertFalse(Files.readString(page).contains("Where the evidence lies"));
        classify("1", "1", bag, "--classes", "bag", "--explain", folder.resolve("e.png"))
                .refused("--explain", "two classes");
    }

    /** Two captions of one class are not each other's rivals. */
    @Test
    void theRunnerUpIsOfAnotherClass() throws IOException {
        Path prompts = Files.writeString(folder.resolve("p.csv"), """
                prompt,classname,classidx
                a photo of a bag.,carrier,0
                a handbag,carrier,0
                a photo of a dress.,robe,1
                """);
        classify("3", "1", bag, "--prompts", prompts, "--report", page).succeeded();
        String report = Files.readString(page);
        assertTrue(report.contains("carrier’s error less robe’s") || report.contains("robe’s error less carrier’s"),
                report);
    }

    @ParameterizedTest
    @ValueSource(strings = {"l2", "l2+vb"})
    void labelsAreExplainedToo(String loss) throws IOException {
        Path model = folder.resolve("model");
        GoldenDit.layOut(model);
        Path png = folder.resolve("e.png");
        CommandLineRun.of("classify", bag, "--model", model, "--device", "cpu", "--interval", "250", "--loss", loss,
                "--report", page, "--explain", png).succeeded();
        assertTrue(Files.readString(page).contains("mean over 4 trials"));
        assertTrue(Files.size(png) > 0);
    }

    @Test
    void everyCommandWritesItsPage() throws IOException {
        Path labels = Files.writeString(folder.resolve("labels.csv"), "path,classidx\nbag.png,8\n");
        Path run = folder.resolve("run");
        for (int time = 0; time < 2; time++) {      // the second time from the results of the first
            CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", run, "--n-samples", "2", "--to-keep", "1",
                    "--report", page).succeeded();
            String evaluated = Files.readString(page);
            assertTrue(evaluated.contains("Confusions") && evaluated.contains("ankle boot"), evaluated);
            Files.delete(page);
        }
        CommandLineRun.of("match", bag, "--captions", "a bag,a \"<b>\"", "--n-samples", 1, "--report", page).succeeded();
        assertTrue(Files.readString(page).contains("<li>a &quot;&lt;b&gt;&quot;</li>"));
        Path examples = Files.writeString(folder.resolve("m.jsonl"), """
                {"image_0": "bag.png", "image_1": "bag.png", "caption_0": "a bag", "caption_1": "a shirt"}
                """);
        CommandLineRun.of("match", "--examples", examples, "--n-samples", 1, "--report", page).succeeded();
        assertTrue(Files.readString(page).contains("✗ group"));
        Path boxes = Files.writeString(folder.resolve("b.json"), "[[0, 0, 10, 10], [10, 10, 18, 18]]");
        CommandLineRun.of("refer", bag, "--boxes", boxes, "--expression", "a bag", "--n-samples", 1, "--report", page)
                .succeeded();
        assertTrue(Files.readString(page).contains("viewBox=\"0 0 28 28\""));
        Path refs = Files.writeString(folder.resolve("r.jsonl"), """
                {"image": "bag.png", "boxes": [[0, 0, 10, 10], [10, 10, 18, 18]], "expression": "a bag", "truth": 1}
                """);
        CommandLineRun.of("refer", "--examples", refs, "--n-samples", 1, "--report", page).succeeded();
        assertTrue(Files.readString(page).contains("Accuracy over 1 examples"));
    }

    /** Before anything is loaded, and without touching what is there. */
    @Test
    void refusesWhatCannotBeWritten() throws IOException {
        classify(bag, "--report", folder).refused("--report", folder.toString());
        classify(bag, "--report", "/no/such/folder/r.html").refused("--report: /no/such/folder/r.html cannot be written");
        classify(bag, "--explain", "/no/such/folder/e.png").refused("--explain: /no/such/folder/e.png cannot be written");
        classify(bag, "--explain", folder.resolve("e.jpg")).refused("--explain", ".png or .html", "e.jpg");
        classify(bag, bag, "--explain", folder.resolve("e.png")).refused("--explain", "one image", "found 2");
        classify(bag, "--explain", page, "--report", page).refused("--explain", "--report", "twice");
        CommandLineRun.of("match", "--demo", "--report", folder).refused("--report", folder.toString());
        CommandLineRun.of("refer", bag, "--boxes", bag, "--expression", "a", "--report", folder).refused("--report");
        Path labels = Files.writeString(folder.resolve("labels.csv"), "path,classidx\nbag.png,8\n");
        Path run = folder.resolve("run");
        CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", run, "--report", folder).refused("--report");
        assertFalse(Files.exists(page) || Files.exists(run));
    }
}
