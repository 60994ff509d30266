package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ErrorRecording} as a file, and {@link Replay} over it. */
class ErrorRecordingTest {

    private static final List<Trial> TRIALS = List.of(new Trial(125, 0), new Trial(375, 1), new Trial(625, 2),
            new Trial(875, 3));

    private static ImageResult image(int index, int label, float[]... errorsByPrompt) {
        var prompts = new ArrayList<PromptErrors>();
        for (int prompt = errorsByPrompt.length - 1; prompt >= 0; prompt--) {
            prompts.add(new PromptErrors(prompt, TRIALS, errorsByPrompt[prompt]));
        }
        return new ImageResult(index, "image", 0, label, 0.5, false, prompts);
    }

    private static ErrorRecording recording() {
        return ErrorRecording.of(List.of(
                image(7, 4, new float[] {9, 9.5f, 9, 9.1f}, new float[] {1, 2, 1, 2}),
                image(2, 4, new float[] {1, 1.5f, 1, 1.25f}, new float[] {5, 6, 5.5f, 6})),
                List.of(3, 4), 64, 1000, new TreeMap<>(Map.of("model", "x")));
    }

    @Test
    void comesBackAsItWasWritten(@TempDir Path folder) {
        Path file = folder.resolve("errors.bin");
        recording().write(file);
        ErrorRecording read = ErrorRecording.read(file);
        assertEquals(List.of(2, 7), read.images());
        assertEquals(List.of(4, 4), read.labels());
        assertEquals(List.of(3, 4), read.classes());
        assertEquals(TRIALS, read.trials());
        assertEquals(64, read.elements());
        assertEquals(1000, read.timesteps());
        assertEquals(Map.of("model", "x"), read.settings());
        assertArrayEquals(new float[] {1, 1.5f, 1, 1.25f}, read.errors()[0][0]);
        assertArrayEquals(new float[] {1, 2, 1, 2}, read.errors()[1][1]);
    }

    /** Of two images one is labelled as its smallest error says. */
    @Test
    void everythingIsReplayed() {
        Replay replay = Replay.of(recording(), StrategySpec.parse("exhaustive", 4), 1, 1);
        assertEquals(List.of("exhaustive:4", 2, 1, 2, 0, 8.0, 8.0, 8.0), List.of(replay.strategy(), replay.images(),
                replay.right(), replay.agreeing(), replay.ties(), replay.meanPairs(), replay.median(), replay.most()));
        assertEquals(0.5, replay.calibrationError(), 1e-9, "both are claimed to be certain, and one is wrong");
    }

    @Test
    void aStageEvaluatesItsPromptsOnly() {
        Replay replay = Replay.of(recording(), StrategySpec.parse("staged:1,4/1,1", 4), 1, 1);
        assertEquals(2 + 3, replay.meanPairs());
        assertEquals(2, replay.agreeing());
    }

    @Test
    void timestepsThatWereNotRecordedAreRefused() {
        var refusal = assertThrows(InputException.class,
                () -> Replay.of(recording(), StrategySpec.parse("exhaustive:5", 4), 1, 1));
        assertEquals("timestep 100 was not recorded: expected a strategy whose largest number of timesteps is the "
                + "recording's, 4", refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "race:x", "race:0.9,nobound", "race:2", "staged", "staged:5", "staged:5,4/1,1", "staged:a/b",
        "exhaustive:x", "exhaustive:0", "hope:1", "race:0.9,anytime,x"})
    void otherStrategiesAreRefusedInOneLine(String text) {
        var refusal = assertThrows(InputException.class, () -> StrategySpec.parse(text, 100));
        assertTrue(refusal.getMessage().contains("expected"), refusal.getMessage());
    }

    @Test
    void filesThatAreNoRecordingAreRefused(@TempDir Path folder) throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "errors");
        assertThrows(InputException.class, () -> ErrorRecording.read(text));
        assertThrows(InputException.class, () -> ErrorRecording.read(folder.resolve("none")));
        Path other = folder.resolve("other");
        new SafetensorsWriter().floats("errors", DType.F32, List.of(2, 2), new float[4]).write(other);
        assertEquals(other + ": tensor errors: expected F32 [images, prompts, trials], found F32 [2, 2]",
                assertThrows(InputException.class, () -> ErrorRecording.read(other)).getMessage());
        Path nan = folder.resolve("nan");
        new SafetensorsWriter().longs("images", List.of(1), new long[1]).longs("labels", List.of(1), new long[1])
                .longs("classes", List.of(1), new long[1]).longs("timesteps", List.of(1), new long[1])
                .longs("noise", List.of(1), new long[1]).metadata("elements", "4").metadata("timesteps", "10")
                .floats("errors", DType.F32, List.of(1, 1, 1), new float[] {Float.NaN}).write(nan);
        assertEquals(nan + ": tensor errors: expected numbers, found NaN",
                assertThrows(InputException.class, () -> ErrorRecording.read(nan)).getMessage());
    }
}
