package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.Calibration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user sees of races that know how their trials covary: {@code classify} with the bundled model. */
class LearnedRaceTest {

    private static final int IMAGES = 14;

    @TempDir
    private Path folder;

    private List<Path> pictures;

    @BeforeEach
    void copyPictures() throws IOException {
        pictures = BundledPictures.copied(folder, IMAGES, 2).files();
    }

    private CommandLineRun classify(int images, Object... options) {
        var words = new ArrayList<Object>(List.of("classify", "--device", "cpu", "--dtype", "f32", "--json",
                folder.resolve("answers.json")));
        words.addAll(pictures.subList(0, images));
        words.addAll(List.of(options));
        return CommandLineRun.of(words.toArray()).succeeded();
    }

    private int firstTimestep(int image) throws IOException {
        JsonNode answers = JsonFile.MAPPER.readTree(Files.readAllBytes(folder.resolve("answers.json")));
        return answers.get(image).get("ranking").get(0).get("timesteps").get(0).intValue();
    }

    private static long notes(CommandLineRun run) {
        return run.err().lines().filter(line -> line.startsWith("diffusion-classifier: note: ")).count();
    }

    /** Van der Corput's order begins in the middle, at t = 505 of 5, 15, …, 995. */
    @Test
    void theBundledModelGoesByWhatItsRecordingTaught() throws IOException {
        assertEquals(0, notes(classify(1)));
        assertNotEquals(505, firstTimestep(0));
        classify(1, "--bound", "paired-t");
        assertEquals(505, firstTimestep(0));
    }

    @Test
    void whatDoesNotHoldIsSaidOnce() throws IOException {
        CommandLineRun run = classify(2, "--seed", 1);
        assertEquals(1, notes(run), run.err());
        assertTrue(run.err().contains("learned with noise \"seed 0\", and here it is \"seed 1\": races use paired-t"), run.err());
        assertEquals(505, firstTimestep(0));
    }

    /** Differences a hundred times as large as learned: ten images end it, and the next goes by its own errors. */
    @Test
    void whatImagesDoNotBearOutIsGivenUp() throws IOException {
        ObjectNode calibration = JsonFile.MAPPER.valueToTree(Calibration.bundled());
        ObjectNode covariance = (ObjectNode) calibration.get("covariance");
        covariance.put("scale", covariance.get("scale").doubleValue() / 1e4);
        Path file = folder.resolve("wrong.json");
        JsonFile.write(file, calibration);
        CommandLineRun run = classify(IMAGES, "--calibration", file);
        assertEquals(1, notes(run), run.err());
        assertTrue(run.err().contains("errors vary otherwise than was learned"), run.err());
        assertNotEquals(505, firstTimestep(0));
        assertEquals(505, firstTimestep(IMAGES - 1));
    }
}
