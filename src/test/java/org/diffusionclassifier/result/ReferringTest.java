package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.diffusionclassifier.testing.ReferringDemoSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Referring expressions as files have them, and what they add up to. */
class ReferringTest {

    private static final String LINE = """
            {"image": "a.png", "boxes": [[0, 0, 2, 2], [1.5, 0, 2, 2], [0, 1, 2, 2]], "expression": "the cat", \
            "truth": 1}""";

    @TempDir
    private Path folder;

    @BeforeEach
    void picture() throws IOException {
        Files.write(folder.resolve("a.png"), new byte[1]);
    }

    @Test
    void readsALineAnExample() {
        ReferringExample example = read(LINE).get(0);
        assertEquals(folder.resolve("a.png"), example.image());
        assertEquals(List.of(new Box(0, 0, 2, 2), new Box(1.5, 0, 2, 2), new Box(0, 1, 2, 2)), example.boxes());
        assertEquals("the cat", example.expression());
        assertEquals(new Box(1.5, 0, 2, 2), example.truth());
        assertEquals(new Box(7, 8, 9, 10.5), read(LINE.replace("1}", "[7, 8, 9, 10.5]}")).get(0).truth());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a.png                | b.png      | :1: image: no image file \"b.png\"",
        "the cat              | ''         | :1: expression is empty",
        "truth                | answer     | :1: no field truth",
        "1}                   | 3}         | :1: truth: expected a box or an index from 0 to 2, found 3",
        "1}                   | -1}        | :1: truth: expected a box or an index from 0 to 2, found -1",
        "1}                   | 1.0}       | :1: truth: expected a box or an index from 0 to 2, found 1.0",
        "1}                   | 99999999999}| :1: truth: expected a box or an index from 0 to 2, found 99999999999",
        "1}                   | [1, 2, 3]} | :1: truth: expected a box [x, y, width, height], found [1,2,3]",
        "[1.5, 0, 2, 2]       | [1, 0, 0, 2] | :1: boxes[1]: expected a box [x, y, width, height], found [1,0,0,2]",
        "[1.5, 0, 2, 2]       | [1, 0, 2, -2] | :1: boxes[1]: expected a box",
        "[1.5, 0, 2, 2]       | [1, 0, 2, 1e999] | :1: boxes[1]: expected a box",
        "[1.5, 0, 2, 2]       | [1, 0, 2, \"2\"] | :1: boxes[1]: expected a box",
        "[1.5, 0, 2, 2]       | {\"x\": 1} | :1: boxes[1]: expected a box",
        "[1.5, 0, 2, 2]       | [0, 0, 2, 2] | :1: boxes: [0, 0, 2, 2] is there twice",
        "[[0, 0, 2, 2], [1.5, 0, 2, 2], [0, 1, 2, 2]] | [[0, 0, 2, 2]] | :1: boxes: expected at least two boxes to choose",
        "[[0, 0, 2, 2], [1.5, 0, 2, 2], [0, 1, 2, 2]] | [] | :1: boxes: expected at least two boxes to choose from",
        "[[0, 0, 2, 2], [1.5, 0, 2, 2], [0, 1, 2, 2]] | 5  | :1: boxes: expected a list of boxes"})
    void refusesWhatIsNoExample(String part, String replacement, String message) {
        String found = Fixtures.inputError(() -> read(LINE.replace(part, replacement)));
        assertTrue(found.startsWith(folder.resolve("refs.jsonl") + message), found);
    }

    @Test
    void aByteOrderMarkIsNoPartOfAListOfBoxes() throws IOException {
        Path file = Files.writeString(folder.resolve("boxes.json"), "\uFEFF[[0, 0, 1, 1], [0, 0, 1, 2]]");
        assertEquals(List.of(new Box(0, 0, 1, 1), new Box(0, 0, 1, 2)), Boxes.read(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[[0, 0, 1, 1]", "{\"boxes\": 1}", "[[0, 0, 1, 1], [0, 0, 1, 2]] []", "[[0, 0, 1, 1]]"})
    void refusesWhatIsNoListOfBoxes(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("boxes.json"), content);
        String found = Fixtures.inputError(() -> Boxes.read(file));
        assertTrue(found.startsWith(file + ": expected "), found);
    }

    @Test
    void refusesBoxesOutsideThePicture() {
        var picture = new RgbImage(4, 2, new byte[3 * 8]);
        Boxes.requireIn(picture.size(), List.of(new Box(0, 0, 4, 2)), "boxes");
        assertEquals("boxes: expected a box inside the picture of 4×2 pixels, found [0, 0.5, 4.5, 3]",
                Fixtures.inputError(() -> Boxes.requireIn(picture.size(), List.of(new Box(0, 0.5, 4.5, 3)), "boxes")));
        var thread = new ImageSize(1, 20000);
        assertTrue(Fixtures.inputError(() -> Boxes.requireIn(thread, List.of(), "boxes")).contains("1×20000"));
    }

    /**
     * Three boxes of which the second overlaps the truth, the first, by 5/8, and the third by exactly half, which is
     * not enough. The errors are such that crops choose the first, masks the third and raw sums none.
     */
    @Test
    void countsBoxesThatOverlapByMoreThanHalf() {
        var boxes = List.of(new Box(0, 0, 8, 1), new Box(0, 0, 5, 1), new Box(0, 0, 4, 1));
        var example = new ReferringExample("refs.jsonl:1", Path.of("a.png"), boxes, "the cat", boxes.get(0));
        assertTrue(example.isRight(boxes.get(1)));
        assertFalse(example.isRight(boxes.get(2)));
        var answered = ReferredExample.of(example, List.of(box(1, 0, 3, 0), box(5, 0, 5, 6), box(3, 0, 1, 0)));
        var summary = ReferringSummary.of(List.of(example, example), List.of(answered, answered), List.of(),
                new TreeMap<>());
        assertEquals(2.0 / 3, summary.chance(), 1e-15);
        assertEquals(List.of(2, 0, 0, 2, 2, 0), summary.accuracies().stream()
                .map(accuracy -> accuracy.correct().right()).toList());
        assertEquals(List.of("crop", "mask", "sum", "crop", "mask", "sum"), summary.accuracies().stream()
                .map(ReferringSummary.Accuracy::method).toList());
        assertEquals(0, answered.choice(Method.CROP, Scoring.RAW).chosen());
        assertNull(answered.choice(Method.SUM, Scoring.RAW).chosen());
        assertEquals(1, answered.choice(Method.MASK, Scoring.LESS_UNCONDITIONAL).chosen());
    }

    /** The files are what their maker makes, grey level for grey level, and each box is one of the bundled pictures. */
    @Test
    void theDemoSetIsMadeOfTheBundledPictures() {
        Path file = root().resolve("refs.jsonl");
        List<ReferringExample> read = ReferringExample.read(file);
        List<ReferringDemoSet.Example> made = ReferringDemoSet.make();
        assertEquals(made.size(), read.size());
        for (int e = 0; e < made.size(); e++) {
            RgbImage picture = ImageDecoder.read(read.get(e).image());
            Boxes.requireIn(picture.size(), read.get(e).boxes(), file.toString());
            int[][] canvas = made.get(e).canvas();
            assertEquals(canvas.length, picture.height());
            for (int i = 0; i < picture.width() * picture.height(); i++) {
                assertEquals(canvas[i / picture.width()][i % picture.width()], picture.pixels()[3 * i] & 0xFF);
            }
            assertEquals(made.get(e).boxes().stream().map(b -> new Box(b[0], b[1], b[2], b[3])).toList(),
                    read.get(e).boxes());
            assertEquals(made.get(e).expression(), read.get(e).expression());
            assertEquals(read.get(e).boxes().get(made.get(e).truth()), read.get(e).truth());
        }
    }

    private static Path root() {
        try {
            return Path.of(ReferringTest.class.getResource("/referring").toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static BoxErrors box(double crop, double cropUnconditional, double mask, double maskUnconditional) {
        return new BoxErrors(new double[4], crop, cropUnconditional, mask, maskUnconditional);
    }

    private List<ReferringExample> read(String content) {
        Path file = folder.resolve("refs.jsonl");
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return ReferringExample.read(file);
    }
}
