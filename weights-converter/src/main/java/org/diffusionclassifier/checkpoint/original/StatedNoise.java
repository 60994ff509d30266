package org.diffusionclassifier.checkpoint.original;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.Weights;

/**
 * What a Stable Diffusion file in the original naming says of the noise it was trained with, if anything. Its shapes
 * say nothing: a 2-base and a 2-v are of the same. Those who train say it by empty tensors,
 *
 * <pre>
 *     v_pred      the UNet predicts v
 *     ztsnr       the schedule is of zero terminal SNR
 * </pre>
 *
 * or in {@code __metadata__} (Stability's ModelSpec 1.0.0): {@code modelspec.prediction_type} is {@code epsilon} or
 * {@code v}, or {@code modelspec.architecture} names a model that was published with one of them. The first that says
 * something decides. An SDXL that says nothing predicts ε.
 *
 * @param prediction      what the UNet predicts; null where nothing says so
 * @param evidence        what says so; null likewise
 * @param zeroTerminalSnr whether the file says that
 */
record StatedNoise(PredictionType prediction, String evidence, boolean zeroTerminalSnr) {

    private static final String V_MARK = "v_pred";
    private static final String ZERO_SNR_MARK = "ztsnr";
    private static final Map<String, Map<String, PredictionType>> METADATA = Map.of(
            "modelspec.prediction_type", Map.of("epsilon", PredictionType.EPSILON, "v", PredictionType.V_PREDICTION),
            "modelspec.architecture", Map.of("stable-diffusion-v2-512", PredictionType.EPSILON,
                    "stable-diffusion-v2-768-v", PredictionType.V_PREDICTION));

    /**
     * @param file all tensors of the model
     * @param xl   whether it is an SDXL
     */
    static StatedNoise of(Weights file, boolean xl) {
        boolean zeroTerminalSnr = file.has(ZERO_SNR_MARK);
        if (file.has(V_MARK)) {
            return new StatedNoise(PredictionType.V_PREDICTION, "the tensor " + V_MARK, zeroTerminalSnr);
        }
        Map<String, String> metadata = file instanceof SafetensorsFile safetensors ? safetensors.metadata() : Map.of();
        for (String key : List.of("modelspec.prediction_type", "modelspec.architecture")) {
            String value = metadata.getOrDefault(key, "");
            PredictionType prediction = METADATA.get(key).get(value);
            if (prediction != null) {
                return new StatedNoise(prediction, key + " = " + value, zeroTerminalSnr);
            }
        }
        return xl ? new StatedNoise(PredictionType.EPSILON, "its being SDXL", zeroTerminalSnr)
                : new StatedNoise(null, null, zeroTerminalSnr);
    }

    /** Stable Diffusion's, of ε where nothing says otherwise. */
    ScheduleConfig schedule() {
        return ScheduleConfig.stableDiffusion(prediction == null ? PredictionType.EPSILON : prediction)
                .withZeroTerminalSnr(zeroTerminalSnr);
    }

    /** Whether something says what the UNet predicts. */
    boolean saysPrediction() {
        return prediction != null;
    }

    /** What the model's user should know: all but a stated ε, which is what they expect. */
    List<String> notices(String source) {
        var notices = new ArrayList<String>();
        if (!saysPrediction()) {
            notices.add(source
                    + ": nothing in the file says whether its UNet predicts epsilon or v; taken for epsilon");
        } else if (prediction == PredictionType.V_PREDICTION) {
            notices.add(source + ": the UNet predicts v, by " + evidence);
        }
        if (zeroTerminalSnr) {
            notices.add(source + ": the schedule is of zero terminal SNR, by the tensor " + ZERO_SNR_MARK);
        }
        return notices;
    }
}
