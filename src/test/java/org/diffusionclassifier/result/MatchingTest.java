package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.result.MatchingSummary.Scores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Matching examples as files have them, and what they add up to. */
class MatchingTest {

    private static final String LINE = """
            {"image_0": "a.png", "image_1": "b.png", "caption_0": "a cat", "caption_1": "a dog", "tag": "x"}""";

    @TempDir
    private Path folder;

    @BeforeEach
    void pictures() throws IOException {
        Files.write(folder.resolve("a.png"), new byte[1]);
        Files.write(folder.resolve("b.png"), new byte[1]);
    }

    @Test
    void readsALineAnExample() {
        var examples = read(LINE + "\n\n" + LINE.replace(", \"tag\": \"x\"", ", \"id\": 7") + "\r\n");
        assertEquals(2, examples.size());
        assertEquals(new MatchingExample(List.of(folder.resolve("a.png"), folder.resolve("b.png")),
                List.of("a cat", "a dog"), "x"), examples.get(0));
        assertNull(examples.get(1).tag());
    }

    /** The list's fields and the pictures' names and places are Winoground's, as its authors released it in 2022. */
    @Test
    void readsWinogroundAsItWasReleased() throws IOException {
        Files.createDirectory(folder.resolve("images"));
        for (String name : List.of("ex_0_img_0.png", "ex_0_img_1.jpg")) {
            Files.write(folder.resolve("images").resolve(name), new byte[1]);
        }
        var example = read("""
                {"id": 0, "image_0": "ex_0_img_0", "image_1": "ex_0_img_1", "caption_0": "an old person kisses a young \
                person", "caption_1": "a young person kisses an old person", "tag": "Adjective-Age", \
                "secondary_tag": "", "num_main_preds": 1, "collapsed_tag": "Object"}
                """).get(0);
        assertEquals(List.of(folder.resolve("images/ex_0_img_0.png"), folder.resolve("images/ex_0_img_1.jpg")),
                example.images());
        assertEquals("Object", example.tag());
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstLine() {
        assertEquals("a cat", read("\uFEFF" + LINE + "\n").get(0).captions().get(0));
    }

    @Test
    void readsTheBundledOnes() {
        try (var bundled = BundledModel.open()) {
            assertEquals(100, MatchingExample.read(bundled.matching()).size());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"a.png\"  | \"c.png\"  | :1: image_0: no image file \"c.png\"",
        "\"a.png\"  | \".\"      | :1: image_0: no image file",
        "\"a.png\"  | \"\\u0000\"| :1: image_0: no image file",
        "\"a.png\"  | 3          | :1: image_0: expected text, found 3",
        "\"a cat\"  | \" \"      | :1: caption_0 is empty",
        "\"a cat\"  | null       | :1: caption_0: expected text, found null",
        "\"a cat\"  | \"a dog\"  | :1: caption_1: expected another caption than caption_0, found \"a dog\" twice",
        "caption_1  | caption    | :1: no field caption_1",
        "image_1    | image      | :1: no field image_1",
        "\"x\"      | [1]        | :1: tag: expected text, found [1]",
        "}          | }}         | :1: expected one JSON object a line, found what is no JSON",
        "}          | ''         | :1: expected one JSON object a line, found what is no JSON"})
    void refusesWhatIsNoExample(String part, String replacement, String message) {
        String found = Fixtures.inputError(() -> read(LINE.replace(part, replacement)));
        assertTrue(found.startsWith(folder.resolve("examples.jsonl") + message), found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n \n", "[1, 2]", "3", "\"text\""})
    void refusesWhatHoldsNoObject(String content) {
        String found = Fixtures.inputError(() -> read(content));
        assertTrue(found.contains("expected one JSON object a line, found"), found);
    }

    @Test
    void refusesWhatCannotBeRead() throws IOException {
        assertTrue(Fixtures.inputError(() -> MatchingExample.read(folder.resolve("none"))).contains("no such file"));
        Path bytes = Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xFF, (byte) 0xFE});
        assertEquals(bytes + ": cannot be read (not UTF-8 text)",
                Fixtures.inputError(() -> MatchingExample.read(bytes)));
    }

    /** Of tag x: one all right, one with the text right. Of tag y: one with the image right by difference alone. */
    @Test
    void scoresAreCountedInAllAndByTag() {
        var summary = MatchingSummary.of(List.of(
                matched("y", 0, 6.5, 5, 7, 0, 1),
                matched("x", 1, 2, 2, 1, 0, 0),
                matched("x", 1, 2, 5, 4, 0, 0),
                matched(null, 2, 1, 1, 2, 0, 0)), List.of(), new TreeMap<>());
        assertScores(summary.raw().get(0), null, 2, 1, 1, 4);
        assertScores(summary.raw().get(1), "x", 2, 1, 1, 2);
        assertScores(summary.raw().get(2), "y", 0, 0, 0, 1);
        assertScores(summary.scores(Scoring.LESS_UNCONDITIONAL).get(0), null, 2, 2, 1, 4);
        assertEquals(3, summary.raw().size());
        var half = summary.raw().get(0).text();
        assertEquals(0.5, half.share());
        assertEquals(0.15, half.low(), 5e-3);       // Wilson's, of 2 of 4
        assertEquals(0.85, half.high(), 5e-3);
    }

    private static MatchedExample matched(String tag, double e00, double e01, double e10, double e11, double empty0,
                                          double empty1) {
        return MatchedExample.of(new MatchingExample(List.of(Path.of("a"), Path.of("b")), List.of("c", "d"), tag),
                List.of(new CaptionErrors("a", List.of("c", "d"), new double[] {e00, e01}, empty0),
                        new CaptionErrors("b", List.of("c", "d"), new double[] {e10, e11}, empty1)));
    }

    private static void assertScores(Scores scores, String tag, int text, int image, int group, int of) {
        assertEquals(tag, scores.tag());
        assertEquals(List.of(text, image, group, of, of, of), List.of(scores.text().right(), scores.image().right(),
                scores.group().right(), scores.text().of(), scores.image().of(), scores.group().of()));
    }

    private List<MatchingExample> read(String content) {
        Path file = folder.resolve("examples.jsonl");
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return MatchingExample.read(file);
    }
}
