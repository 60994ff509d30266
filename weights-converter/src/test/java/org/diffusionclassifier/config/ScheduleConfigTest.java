package org.diffusionclassifier.config;

import static org.diffusionclassifier.config.ScheduleConfig.BetaSchedule.LINEAR;
import static org.diffusionclassifier.config.ScheduleConfig.BetaSchedule.SCALED_LINEAR;
import static org.diffusionclassifier.config.ScheduleConfig.PredictionType.EPSILON;
import static org.diffusionclassifier.config.ScheduleConfig.PredictionType.V_PREDICTION;
import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleConfigTest {

    private static final String SD_2_1 = "published/sd-2.1/scheduler/scheduler_config.json";

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"published/sd-1.5", "published/sd-2-base", "demo"})
    void readsModelsThatPredictTheNoise(String model) {
        assertEquals(new ScheduleConfig(1000, 0.00085, 0.012, SCALED_LINEAR, EPSILON),
                ScheduleConfig.read(resource(model + "/scheduler/scheduler_config.json")));
    }

    @Test
    void readsAModelThatPredictsV() {
        assertEquals(new ScheduleConfig(1000, 0.00085, 0.012, SCALED_LINEAR, V_PREDICTION),
                ScheduleConfig.read(resource(SD_2_1)));
    }

    @Test
    void missingKeysTakeTheDefaultsOfDiffusers() throws IOException {
        Path file = Files.writeString(temp.resolve("config.json"), "{}");
        assertEquals(new ScheduleConfig(1000, 0.0001, 0.02, LINEAR, EPSILON), ScheduleConfig.read(file));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            trained_betas | [0.1,0.2] | null
            rescale_betas_zero_snr | true | false
            prediction_type | "sample" | epsilon or v_prediction
            beta_schedule | "squaredcos_cap_v2" | linear or scaled_linear
            beta_schedule | "sigmoid" | linear or scaled_linear
            beta_start | 0 | a number above 0
            beta_start | 1.5 | a number below 1
            beta_end | 1 | a number below 1
            beta_end | "0.012" | a number
            num_train_timesteps | 0 | an integer from 1 to 1000000
            """)
    void unsupportedValuesAreRefusedByName(String key, String value, String expected) throws IOException {
        Path file = edited(SD_2_1, key, value, temp);
        assertEquals(file + ": " + key + " = " + value + " is not supported (expected " + expected + ")",
                inputError(() -> ScheduleConfig.read(file)));
    }

    @Test
    void theSamplerDoesNotMatter() throws IOException {
        assertEquals(ScheduleConfig.read(resource(SD_2_1)),
                ScheduleConfig.read(edited(SD_2_1, "_class_name", "\"EulerAncestralDiscreteScheduler\"", temp)));
        assertEquals(ScheduleConfig.read(resource(SD_2_1)),
                ScheduleConfig.read(edited(SD_2_1, "timestep_spacing", "\"trailing\"", temp)));
    }
}
