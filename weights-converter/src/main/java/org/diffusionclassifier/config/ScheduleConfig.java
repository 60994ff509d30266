package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The noise schedule a model was trained with, from diffusers' {@code scheduler/scheduler_config.json}. Whichever
 * scheduler wrote the file, its class and the keys of its sampler do not matter here, and diffusers' common defaults
 * stand in for missing keys.
 *
 * @param timesteps  number of timesteps T, numbered 0 to T − 1
 * @param betaStart  β of timestep 0
 * @param betaEnd    β of timestep T − 1
 * @param schedule   how β runs from one to the other
 * @param prediction what the UNet predicts
 */
public record ScheduleConfig(int timesteps, double betaStart, double betaEnd, BetaSchedule schedule,
                             PredictionType prediction) {

    /** LINEAR: β is linear in the timestep; SCALED_LINEAR: √β is. */
    public enum BetaSchedule { LINEAR, SCALED_LINEAR }

    /** EPSILON: the noise ε; V_PREDICTION: v = √ᾱ·ε − √(1 − ᾱ)·x0 (Salimans and Ho 2022, arXiv 2202.00512). */
    public enum PredictionType { EPSILON, V_PREDICTION }

    private static final Map<String, BetaSchedule> SCHEDULES =
            Map.of("linear", BetaSchedule.LINEAR, "scaled_linear", BetaSchedule.SCALED_LINEAR);
    private static final Map<String, PredictionType> PREDICTIONS =
            Map.of("epsilon", PredictionType.EPSILON, "v_prediction", PredictionType.V_PREDICTION);

    /** That of all of Stable Diffusion 1.x and 2.x. */
    public static ScheduleConfig stableDiffusion(PredictionType prediction) {
        return new ScheduleConfig(1000, 0.00085, 0.012, BetaSchedule.SCALED_LINEAR, prediction);
    }

    /** @throws InputException for a value that changes the schedule in a way that is not implemented */
    public static ScheduleConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static ScheduleConfig read(JsonConfig json) {
        if (!JsonConfig.isOff(json.get("trained_betas"))) {
            throw json.unsupported("trained_betas", "null");
        }
        if (!JsonConfig.isOff(json.get("rescale_betas_zero_snr"))) {
            throw json.unsupported("rescale_betas_zero_snr", "false");
        }
        var config = new ScheduleConfig(
                json.integer("num_train_timesteps", 1000),
                json.positiveNumber("beta_start", 0.0001),
                json.positiveNumber("beta_end", 0.02),
                json.choice("beta_schedule", SCHEDULES, BetaSchedule.LINEAR),
                json.choice("prediction_type", PREDICTIONS, PredictionType.EPSILON));
        if (config.betaStart >= 1) {
            throw json.unsupported("beta_start", "a number below 1");
        }
        if (config.betaEnd >= 1) {
            throw json.unsupported("beta_end", "a number below 1");
        }
        return config;
    }

    /** As {@code scheduler_config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("num_train_timesteps", timesteps);
        json.put("beta_start", betaStart);
        json.put("beta_end", betaEnd);
        json.put("beta_schedule", JsonConfig.nameOf(schedule, SCHEDULES));
        json.put("prediction_type", JsonConfig.nameOf(prediction, PREDICTIONS));
        return json;
    }
}
