package org.diffusionclassifier.model.dit;

import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.NetworkTensors;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.InputException;

/**
 * The configuration of a DiT with its autoencoder, part by part.
 *
 * @param labelNames the name of each class, in the order of the labels; empty where the model has none
 */
record DitParts(VaeConfig vae, DitConfig transformer, ScheduleConfig schedule, List<String> labelNames) {

    static final String VAE = Checkpoint.VAE;
    static final String TRANSFORMER = "transformer";

    /** @throws InputException if a part is missing or not supported, or parts do not fit each other */
    static DitParts read(Checkpoint checkpoint) {
        checkpoint.index().expect("_class_name", "DiTPipeline");
        if (checkpoint.spec().predicts() == PredictionType.V_PREDICTION) {
            throw InputException.of("%s: expected epsilon, as a DiT predicts", InputException.field("predicts"));
        }
        JsonConfig transformer = checkpoint.component(TRANSFORMER).config();
        DitConfig dit = DitConfig.read(transformer);
        JsonConfig vae = checkpoint.component(VAE).config();
        JsonConfig scheduler = checkpoint.scheduler();
        var parts = new DitParts(VaeConfig.read(vae), dit, ScheduleConfig.read(scheduler),
                checkpoint.labels(dit.labels()));
        if (parts.vae.inChannels() != 3) {
            throw vae.unsupported("in_channels", "3, as images are RGB");
        }
        vae.requireSame("latent_channels", parts.vae.latentChannels(), transformer, "in_channels", dit.inChannels());
        if (parts.schedule.prediction() != PredictionType.EPSILON) {
            throw scheduler.unsupported("prediction_type", "epsilon, as a DiT predicts");
        }
        return parts;
    }

    Latents latents() {
        return new Latents(NoiseProcess.of(schedule), transformer.sampleSize(), transformer.inChannels(),
                transformer.predictsVariance());
    }

    Layout layout() {
        var configurations = new LinkedHashMap<String, Object>();
        configurations.put(TRANSFORMER, transformer.toDiffusers());
        configurations.put(VAE, vae.toDiffusers());
        configurations.put(Layout.SCHEDULER, schedule.toDiffusers());
        if (!labelNames.isEmpty()) {
            configurations.put(Layout.LABELS, Layout.labels(labelNames));
        }
        return new Layout(configurations, List.of(
                new Layout.Part(VAE, NetworkTensors.vae(vae)),
                new Layout.Part(TRANSFORMER, NetworkTensors.transformer(transformer))), List.of());
    }
}
