package org.diffusionclassifier.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;

/**
 * What a class of diffusers' schedulers takes where its file does not say how β runs: the defaults of its constructor
 * ({@code src/diffusers/schedulers}). Of all else that a schedule has, they have the same defaults:
 * 1000 timesteps, ε, no trained betas, not stretched to zero terminal SNR.
 *
 * <p>Only classes whose noise follows from β are here. Flow matching, EDM and consistency models mix image and noise
 * otherwise and tell the network another time.
 */
record SchedulerClass(double betaStart, double betaEnd, BetaSchedule schedule) {

    private static final SchedulerClass DDPM = new SchedulerClass(0.0001, 0.02, BetaSchedule.LINEAR);
    private static final SchedulerClass HEUN = new SchedulerClass(0.00085, 0.012, BetaSchedule.LINEAR);
    private static final SchedulerClass LCM = new SchedulerClass(0.00085, 0.012, BetaSchedule.SCALED_LINEAR);

    private static final Map<String, SchedulerClass> BY_NAME = new HashMap<>();

    static {
        for (String name : List.of("DDIM", "DDIMInverse", "DDIMParallel", "DDPM", "DDPMParallel", "DEISMultistep",
                "DPMSolverMultistep", "DPMSolverMultistepInverse", "DPMSolverSinglestep", "EulerAncestralDiscrete",
                "EulerDiscrete", "LMSDiscrete", "PNDM", "RePaint", "SASolver", "UniPCMultistep")) {
            BY_NAME.put(name + "Scheduler", DDPM);
        }
        for (String name : List.of("DPMSolverSDE", "HeunDiscrete", "KDPM2AncestralDiscrete", "KDPM2Discrete")) {
            BY_NAME.put(name + "Scheduler", HEUN);
        }
        for (String name : List.of("LCM", "TCD")) {
            BY_NAME.put(name + "Scheduler", LCM);
        }
    }

    /**
     * That of a file. One that names no class, as converted files do, has to say itself how β runs.
     *
     * @param byFormula whether β comes from a formula, not from a list
     * @throws org.diffusionclassifier.tensor.InputException for a class that is not here, or if the file does not say
     */
    static SchedulerClass of(JsonConfig json, boolean byFormula) {
        if (!JsonConfig.isOff(json.get("_class_name"))) {
            SchedulerClass known = BY_NAME.get(json.get("_class_name").asText());
            if (known == null) {
                throw json.unsupported("_class_name", "a scheduler whose noise follows from betas, as DDPMScheduler; "
                        + "flow matching, EDM and consistency models would need a noise process of their own");
            }
            return known;
        }
        if (byFormula) {
            for (String key : List.of("beta_schedule", "beta_start", "beta_end")) {
                if (JsonConfig.isOff(json.get(key))) {
                    throw json.unsupported(key, "a value, as there is no _class_name whose default it could have");
                }
            }
        }
        return DDPM;
    }
}
