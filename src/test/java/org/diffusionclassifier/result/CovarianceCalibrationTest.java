package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link CovarianceCalibration} as part of a file, and what it says it does not hold for. */
class CovarianceCalibrationTest {

    private static Calibration written;

    @TempDir
    private Path folder;

    @BeforeAll
    static void fit() {
        written = Calibration.fit(new SimulatedErrors(1, 0.5).recording(40, 3, 1));
    }

    private Path write(Object value) {
        Path file = folder.resolve("calibration.json");
        JsonFile.write(file, value);
        return file;
    }

    @Test
    void comesBackAsItWasWritten() {
        Calibration read = Calibration.read(write(written));
        assertEquals(written.temperature(), read.temperature());
        CovarianceCalibration before = written.covariance();
        CovarianceCalibration after = read.covariance();
        assertEquals(List.of(before.conditions(), before.images(), before.timesteps(), before.noise(), before.scale(),
                before.freedom(), before.risk(), before.expected()), List.of(after.conditions(), after.images(),
                after.timesteps(), after.noise(), after.scale(), after.freedom(), after.risk(), after.expected()));
        assertEquals(SimulatedErrors.TRIALS, after.covariance().length);
        for (int i = 0; i < SimulatedErrors.TRIALS; i++) {
            assertArrayEquals(before.covariance()[i], after.covariance()[i]);
        }
    }

    /** Files of a temperature alone, and recordings of few images. */
    @Test
    void aCalibrationMayBeWithoutIt() {
        ObjectNode old = JsonFile.MAPPER.valueToTree(written);
        old.remove("covariance");
        assertNull(Calibration.read(write(old)).covariance());
        Calibration small = Calibration.fit(new SimulatedErrors(1, 0.5).recording(19, 3, 1));
        assertNull(Calibration.read(write(small)).covariance());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", textBlock = """
            scale      | 0             | expected a scale and a freedom above 0, found 0.0
            scale      | "NaN"         | expected a scale and a freedom above 0, found NaN
            freedom    | -1            | expected a scale and a freedom above 0
            covariance | []            | expected a lower triangle with a row for each of 50 timesteps
            covariance | [[1],[1,2,3]] | expected a lower triangle
            covariance | [null]        | expected a lower triangle
            timesteps  | [5]           | expected a lower triangle with a row for each of 1 timesteps
            noise      | [0, 1]        | expected a lower triangle
            risk       | null          | risk and expected, found one of them missing
            conditions | null          | risk and expected, found one of them missing
            timesteps  | null          | risk and expected, found one of them missing
            expected   | null          | risk and expected, found one of them missing
            risk       | {"levels": [], "images": 3, "prompts": 3} | expected a risk of two prompts at least
            risk       | {"levels": [{"z": 2, "otherwise": 1, "pairs": 1}], "images": 3, "prompts": 1} | of two prompts
            risk       | {"images": 3, "prompts": 3} | expected JSON as calibrate writes it, found something else
            images     | "many"        | expected JSON as calibrate writes it, found something else
            """)
    void whatCalibrateCannotHaveWrittenIsRefused(String field, String json, String message) throws IOException {
        ObjectNode tree = JsonFile.MAPPER.valueToTree(written);
        ((ObjectNode) tree.get("covariance")).set(field, JsonFile.MAPPER.readTree(json));
        Path file = write(tree);
        String refusal = assertThrows(InputException.class, () -> Calibration.read(file)).getMessage();
        assertTrue(refusal.startsWith(file.toString()) && refusal.contains(message), refusal);
    }

    @Test
    void aMatrixThatIsNoCovarianceIsRefused() throws IOException {
        ObjectNode tree = JsonFile.MAPPER.valueToTree(written);
        var rows = new ArrayList<float[]>(List.of(written.covariance().covariance()));
        rows.set(1, new float[] {100, 1});
        ((ObjectNode) tree.get("covariance")).set("covariance", JsonFile.MAPPER.valueToTree(rows));
        Path file = write(tree);
        assertEquals(file + ": covariance: expected a positive definite matrix, found another",
                assertThrows(InputException.class, () -> Calibration.read(file)).getMessage());
        Files.writeString(file, "[]");
        assertThrows(InputException.class, () -> Calibration.read(file));
        Files.writeString(file, "");
        assertThrows(InputException.class, () -> Calibration.read(file));
    }

    /** Prompts, device and the like may be others. */
    @Test
    void itHoldsForTheSameErrorsAlone() {
        CovarianceCalibration learned = written.covariance();
        List<Trial> trials = TrialPlan.of(1000, List.of(SimulatedErrors.TRIALS), 1).stages().get(0);
        assertTrue(learned.mismatch(new TreeMap<>(Map.of("noise", "drawn", "device", "other", "prompts", "other")), trials)
                .isEmpty());
        assertEquals("learned with noise \"drawn\", and here it is \"seed 1\"",
                learned.mismatch(new TreeMap<>(Map.of("noise", "seed 1")), trials).orElseThrow());
        assertEquals("learned with lora not set, and here it is \"x\"",
                learned.mismatch(new TreeMap<>(Map.of("noise", "drawn", "lora", "x")), trials).orElseThrow());
        assertEquals("learned with noise \"drawn\", and here it is not set",
                learned.mismatch(new TreeMap<>(), trials).orElseThrow());
        var settings = new TreeMap<>(Map.of("noise", "drawn"));
        assertEquals("learned of 50 trials, and here are 49", learned.mismatch(settings, trials.subList(1, 50)).orElseThrow());
        List<Trial> others = trials.stream().map(trial -> new Trial(trial.timestep(), trial.noiseIndex() + 1)).toList();
        assertEquals("learned of 50 trials, and here are others", learned.mismatch(settings, others).orElseThrow());
    }
}
