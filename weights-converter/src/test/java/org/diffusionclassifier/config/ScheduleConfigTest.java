package org.diffusionclassifier.config;

import static org.diffusionclassifier.config.ScheduleConfig.BetaSchedule.COSINE;
import static org.diffusionclassifier.config.ScheduleConfig.BetaSchedule.LINEAR;
import static org.diffusionclassifier.config.ScheduleConfig.BetaSchedule.SCALED_LINEAR;
import static org.diffusionclassifier.config.ScheduleConfig.PredictionType.EPSILON;
import static org.diffusionclassifier.config.ScheduleConfig.PredictionType.V_PREDICTION;
import static org.diffusionclassifier.testing.Fixtures.edited;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
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

    /**
     * β's start, end and schedule of every class of diffusers whose noise follows from β, copied from the
     * constructors in its src/diffusers/schedulers; the other defaults are the same in all of them.
     */
    @ParameterizedTest
    @CsvSource({
        "DDIMInverseScheduler, 0.0001, 0.02, LINEAR",
        "DDIMParallelScheduler, 0.0001, 0.02, LINEAR",
        "DDIMScheduler, 0.0001, 0.02, LINEAR",
        "DDPMParallelScheduler, 0.0001, 0.02, LINEAR",
        "DDPMScheduler, 0.0001, 0.02, LINEAR",
        "DEISMultistepScheduler, 0.0001, 0.02, LINEAR",
        "DPMSolverMultistepInverseScheduler, 0.0001, 0.02, LINEAR",
        "DPMSolverMultistepScheduler, 0.0001, 0.02, LINEAR",
        "DPMSolverSDEScheduler, 0.00085, 0.012, LINEAR",
        "DPMSolverSinglestepScheduler, 0.0001, 0.02, LINEAR",
        "EulerAncestralDiscreteScheduler, 0.0001, 0.02, LINEAR",
        "EulerDiscreteScheduler, 0.0001, 0.02, LINEAR",
        "HeunDiscreteScheduler, 0.00085, 0.012, LINEAR",
        "KDPM2AncestralDiscreteScheduler, 0.00085, 0.012, LINEAR",
        "KDPM2DiscreteScheduler, 0.00085, 0.012, LINEAR",
        "LCMScheduler, 0.00085, 0.012, SCALED_LINEAR",
        "LMSDiscreteScheduler, 0.0001, 0.02, LINEAR",
        "PNDMScheduler, 0.0001, 0.02, LINEAR",
        "RePaintScheduler, 0.0001, 0.02, LINEAR",
        "SASolverScheduler, 0.0001, 0.02, LINEAR",
        "TCDScheduler, 0.00085, 0.012, SCALED_LINEAR",
        "UniPCMultistepScheduler, 0.0001, 0.02, LINEAR"})
    void missingKeysTakeTheDefaultsOfTheirClass(String scheduler, double start, double end, BetaSchedule schedule) {
        assertEquals(new ScheduleConfig(1000, start, end, schedule, EPSILON),
                read("{\"_class_name\": \"" + scheduler + "\"}"));
        assertEquals(new ScheduleConfig(1000, start, end, schedule, EPSILON), read("{\"_class_name\": \"" + scheduler
                + "\", \"beta_start\": null, \"beta_end\": null, \"beta_schedule\": null, \"prediction_type\": null, "
                + "\"num_train_timesteps\": null, \"rescale_betas_zero_snr\": null, \"trained_betas\": null}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"FlowMatchEulerDiscreteScheduler", "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler",
        "CMStochasticIterativeScheduler", "VQDiffusionScheduler", "ScoreSdeVeScheduler", "CogVideoXDDIMScheduler",
        "A scheduler of tomorrow", ""})
    void aClassWhoseNoiseIsNotKnownIsRefusedByName(String scheduler) {
        assertEquals("text: _class_name = \"" + scheduler + "\" is not supported (expected a scheduler whose noise "
                        + "follows from betas, as DDPMScheduler; flow matching, EDM and consistency models would need "
                        + "a noise process of their own)",
                inputError(() -> read("{\"_class_name\": \"" + scheduler + "\", \"beta_start\": 0.1}")));
    }

    /** Nor is a schedule made up for a file of no class. */
    @Test
    void withoutAClassTheFileHasToSayHowBetaRuns() {
        String expected = " is missing (expected a value, as there is no _class_name whose default it could have)";
        assertEquals("text: beta_schedule" + expected, inputError(() -> read("{}")));
        assertEquals("text: beta_start" + expected, inputError(() -> read("{\"beta_schedule\": \"linear\"}")));
        assertEquals("text: beta_end" + expected,
                inputError(() -> read("{\"beta_schedule\": \"linear\", \"beta_start\": 0.1}")));
        assertEquals(new ScheduleConfig(1000, 0.1, 0.2, LINEAR, EPSILON),
                read("{\"beta_schedule\": \"linear\", \"beta_start\": 0.1, \"beta_end\": 0.2}"));
    }

    /** As files that convert wrote earlier have it: no class, and nothing of trained or stretched betas. */
    @Test
    void readsTheScheduleOfAnEarlierModelFile() {
        assertEquals(ScheduleConfig.stableDiffusion(V_PREDICTION), read("{\"num_train_timesteps\":1000,"
                + "\"beta_start\":8.5E-4,\"beta_end\":0.012,\"beta_schedule\":\"scaled_linear\","
                + "\"prediction_type\":\"v_prediction\"}"));
    }

    @Test
    void saysWhatItReads() {
        var stated = new ScheduleConfig(3, 0.1, 0.5, COSINE, V_PREDICTION);
        for (ScheduleConfig config : List.of(stated, stated.withZeroTerminalSnr(true), stated.withPrediction(EPSILON),
                new ScheduleConfig(3, 1e-4, 0.02, LINEAR, List.of(0.1, 0.2, 1.0), false, EPSILON))) {
            assertEquals(config, ScheduleConfig.read(JsonConfig.of("text", config.toDiffusers())));
        }
    }

    @Test
    void trainedBetasStandInForTheSchedule() {
        assertEquals(new ScheduleConfig(2, 1e-4, 0.02, LINEAR, List.of(0.1, 0.3), true, EPSILON), read(
                "{\"num_train_timesteps\": 2, \"trained_betas\": [0.1, 0.3], \"rescale_betas_zero_snr\": true}"));
    }

    @Test
    void noiseThatDoesNotFollowFromBetaIsRefusedWhicheverClassHasIt() {
        assertEquals("text: use_flow_sigmas = true is not supported (expected false)", inputError(() -> read(
                "{\"_class_name\": \"UniPCMultistepScheduler\", \"use_flow_sigmas\": true}")));
        assertEquals("text: timestep_type = \"continuous\" is not supported (expected discrete)", inputError(() -> read(
                "{\"_class_name\": \"EulerDiscreteScheduler\", \"timestep_type\": \"continuous\"}")));
    }

    /** diffusers' default of the key, which its sampler alone reads. */
    @Test
    void aNumberThatIsNotFiniteMayStandWhereNobodyLooks() throws IOException {
        assertEquals(ScheduleConfig.read(resource(SD_2_1)),
                ScheduleConfig.read(edited(SD_2_1, "lambda_min_clipped", "-Infinity", temp)));
        Path file = edited(SD_2_1, "beta_end", "Infinity", temp);
        assertTrue(inputError(() -> ScheduleConfig.read(file)).startsWith(file + ": beta_end = "));
    }

    private static ScheduleConfig read(String json) {
        return ScheduleConfig.read(JsonConfig.parse("text", json));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            trained_betas | [0.1,0.2] | 1000 numbers as num_train_timesteps says, not 2
            trained_betas | [0.1,"0.2"] | a list of numbers
            trained_betas | "linear" | a list of numbers
            rescale_betas_zero_snr | "yes" | true or false
            prediction_type | "sample" | epsilon or v_prediction
            beta_schedule | "sigmoid" | linear or scaled_linear or squaredcos_cap_v2
            prediction_type | "flow_prediction" | epsilon or v_prediction
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

    @ParameterizedTest
    @ValueSource(strings = {"[0.1, 0, 0.2]", "[0.1, -0.1, 0.2]", "[0.1, 1, 0.2]", "[0.1, 0.2, 1.5]"})
    void trainedBetasAreShares(String betas) {
        assertTrue(inputError(() -> read("{\"num_train_timesteps\": 3, \"trained_betas\": " + betas + "}"))
                .contains("(expected numbers above 0 and below 1, the last up to 1, not "));
    }

    @Test
    void theSamplerDoesNotMatter() throws IOException {
        assertEquals(ScheduleConfig.read(resource(SD_2_1)),
                ScheduleConfig.read(edited(SD_2_1, "_class_name", "\"EulerAncestralDiscreteScheduler\"", temp)));
        assertEquals(ScheduleConfig.read(resource(SD_2_1)),
                ScheduleConfig.read(edited(SD_2_1, "timestep_spacing", "\"trailing\"", temp)));
    }
}
