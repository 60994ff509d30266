package org.diffusionclassifier.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The schedule of a model that was trained by flow matching, from diffusers' {@code scheduler_config.json}
 * (FlowMatchEulerDiscreteScheduler, whose defaults stand in for missing keys). The keys of its sampler do not matter here.
 *
 * @param timesteps number of steps T
 * @param shift     by which noise levels are moved up: σ = shift · s / (1 + (shift − 1) · s) of s = 1/T .. 1
 */
public record FlowConfig(int timesteps, double shift) {

    private static final String CLASS = "FlowMatchEulerDiscreteScheduler";

    /** Of all of Stable Diffusion 3 and 3.5. */
    public static FlowConfig stableDiffusion3() {
        return new FlowConfig(1000, 3);
    }

    /** Whether a scheduler is one of flow matching. */
    public static boolean isOne(JsonConfig json) {
        return json.get("_class_name").asText().startsWith("FlowMatch");
    }

    /** @throws InputException for a value that changes the schedule in a way that is not implemented */
    public static FlowConfig read(JsonConfig json) {
        json.require("_class_name", CLASS);
        for (String sampler : List.of("use_dynamic_shifting", "use_karras_sigmas", "use_exponential_sigmas",
                "use_beta_sigmas", "invert_sigmas", "shift_terminal")) {
            if (!JsonConfig.isOff(json.get(sampler))) {
                throw json.unsupported(sampler, "none, as Stable Diffusion 3 has");
            }
        }
        return new FlowConfig(json.integer("num_train_timesteps", 1000), json.positiveNumber("shift", 1));
    }

    /** As {@code scheduler_config.json} says it, so that {@link #read} gives this again. */
    public Map<String, Object> toDiffusers() {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", CLASS);
        json.put("num_train_timesteps", timesteps);
        json.put("shift", shift);
        return json;
    }
}
