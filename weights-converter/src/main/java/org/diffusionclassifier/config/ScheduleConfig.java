package org.diffusionclassifier.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The noise schedule a model was trained with, from diffusers' {@code scheduler/scheduler_config.json}. The class of
 * the scheduler that wrote the file gives the defaults of missing keys ({@link SchedulerClass}); the keys of its
 * sampler do not matter here.
 *
 * @param timesteps       number of timesteps T, numbered 0 to T − 1
 * @param betaStart       β of timestep 0; COSINE and trained betas have no use for it
 * @param betaEnd         β of timestep T − 1; likewise
 * @param schedule        how β runs from one to the other
 * @param trainedBetas    β of each timestep, instead of the schedule; empty for none
 * @param zeroTerminalSnr whether the schedule is stretched so that nothing of the image is left at timestep T − 1 (Lin
 *                        et al., 2023, arXiv 2305.08891)
 * @param prediction      what the UNet predicts
 */
public record ScheduleConfig(int timesteps, double betaStart, double betaEnd, BetaSchedule schedule,
                             List<Double> trainedBetas, boolean zeroTerminalSnr, PredictionType prediction) {

    /**
     * LINEAR: β is linear in the timestep; SCALED_LINEAR: √β is; COSINE: ᾱ is a squared cosine (Nichol and Dhariwal,
     * 2021, arXiv 2102.09672, eq. 17), β at most 0.999.
     */
    public enum BetaSchedule { LINEAR, SCALED_LINEAR, COSINE }

    /** EPSILON: the noise ε; V_PREDICTION: v = √ᾱ·ε − √(1 − ᾱ)·x0 (Salimans and Ho 2022, arXiv 2202.00512). */
    public enum PredictionType { EPSILON, V_PREDICTION }

    /** Where the file has what the network predicts. */
    public static final String PREDICTION = "prediction_type";

    private static final Map<String, BetaSchedule> SCHEDULES = Map.of("linear", BetaSchedule.LINEAR,
            "scaled_linear", BetaSchedule.SCALED_LINEAR, "squaredcos_cap_v2", BetaSchedule.COSINE);
    private static final Map<String, PredictionType> PREDICTIONS =
            Map.of("epsilon", PredictionType.EPSILON, "v_prediction", PredictionType.V_PREDICTION);

    public ScheduleConfig {
        trainedBetas = List.copyOf(trainedBetas);
    }

    /** Without trained betas, not stretched. */
    public ScheduleConfig(int timesteps, double betaStart, double betaEnd, BetaSchedule schedule,
                          PredictionType prediction) {
        this(timesteps, betaStart, betaEnd, schedule, List.of(), false, prediction);
    }

    /** That of all of Stable Diffusion 1.x and 2.x. */
    public static ScheduleConfig stableDiffusion(PredictionType prediction) {
        return new ScheduleConfig(1000, 0.00085, 0.012, BetaSchedule.SCALED_LINEAR, prediction);
    }

    /** The same, stretched or not. */
    public ScheduleConfig withZeroTerminalSnr(boolean stretched) {
        return new ScheduleConfig(timesteps, betaStart, betaEnd, schedule, trainedBetas, stretched, prediction);
    }

    /** The same for a network that predicts something else. */
    public ScheduleConfig withPrediction(PredictionType other) {
        return new ScheduleConfig(timesteps, betaStart, betaEnd, schedule, trainedBetas, zeroTerminalSnr, other);
    }

    /** @throws InputException for a value that changes the schedule in a way that is not implemented */
    public static ScheduleConfig read(Path file) {
        return read(JsonConfig.read(file));
    }

    /** As above, of settings that are read already. */
    public static ScheduleConfig read(JsonConfig json) {
        List<Double> trainedBetas = JsonConfig.isOff(json.get("trained_betas")) ? List.of()
                : json.numbers("trained_betas");
        SchedulerClass defaults = SchedulerClass.of(json, trainedBetas.isEmpty());
        if (!JsonConfig.isOff(json.get("use_flow_sigmas"))) {
            throw json.unsupported("use_flow_sigmas", "false");
        }
        json.expect("timestep_type", "discrete");
        var config = new ScheduleConfig(
                json.integer("num_train_timesteps", 1000),
                json.positiveNumber("beta_start", defaults.betaStart()),
                json.positiveNumber("beta_end", defaults.betaEnd()),
                json.choice("beta_schedule", SCHEDULES, defaults.schedule()),
                trainedBetas,
                json.flag("rescale_betas_zero_snr", false),
                json.choice(PREDICTION, PREDICTIONS, PredictionType.EPSILON));
        if (config.betaStart >= 1) {
            throw json.unsupported("beta_start", "a number below 1");
        }
        if (config.betaEnd >= 1) {
            throw json.unsupported("beta_end", "a number below 1");
        }
        config.checkTrainedBetas(json);
        return config;
    }

    private void checkTrainedBetas(JsonConfig json) {
        if (trainedBetas.isEmpty()) {
            return;
        }
        if (trainedBetas.size() != timesteps) {
            throw json.unsupported("trained_betas", timesteps + " numbers as num_train_timesteps says, not "
                    + trainedBetas.size());
        }
        for (int t = 0; t < timesteps; t++) {
            double beta = trainedBetas.get(t);
            if (!(beta > 0 && (beta < 1 || beta == 1 && t == timesteps - 1))) {
                throw json.unsupported("trained_betas", "numbers above 0 and below 1, the last up to 1, not " + beta
                        + " at timestep " + t);
            }
        }
    }

    /** As {@code scheduler_config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("num_train_timesteps", timesteps);
        json.put("beta_start", betaStart);
        json.put("beta_end", betaEnd);
        json.put("beta_schedule", JsonConfig.nameOf(schedule, SCHEDULES));
        if (!trainedBetas.isEmpty()) {
            json.put("trained_betas", trainedBetas);
        }
        if (zeroTerminalSnr) {
            json.put("rescale_betas_zero_snr", true);
        }
        json.put(PREDICTION, nameOf(prediction));
        return json;
    }

    /** What the file calls it. */
    public static String nameOf(PredictionType prediction) {
        return JsonConfig.nameOf(prediction, PREDICTIONS);
    }
}
