package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * A checkpoint of Stable Diffusion or a DiT with typed configurations, and the layout that its family has for it, which
 * checks that parts fit each other and is not in this module.
 */
public record Opened(Checkpoint checkpoint) implements AutoCloseable {

    public static Opened of(Path path) {
        return of(ModelSpec.of(path));
    }

    public static Opened of(ModelSpec spec) {
        return new Opened(Checkpoint.open(spec));
    }

    /** A model, and the autoencoder that goes with it, or null. */
    public static Opened of(Path path, Path vae) {
        return of(spec(path, vae));
    }

    public static ModelSpec spec(Path path, Path vae) {
        return new ModelSpec(path, null, vae, null, null, null, false, List.of(), List.of(), null);
    }

    /** Stable Diffusion in the original naming. */
    public static ModelSpec spec(Path path, int imageSize, PredictionType predicts, boolean ema, Path tokenizer) {
        return new ModelSpec(path, tokenizer, null, null, imageSize, predicts, ema, List.of(), List.of(), null);
    }

    public UNetConfig unet() {
        return UNetConfig.read(checkpoint.component("unet").config());
    }

    public VaeConfig vae() {
        return VaeConfig.read(checkpoint.component("vae").config());
    }

    public ClipTextConfig textEncoder() {
        return ClipTextConfig.read(checkpoint.component("text_encoder").config());
    }

    public DitConfig transformer() {
        return DitConfig.read(checkpoint.component("transformer").config());
    }

    public ScheduleConfig schedule() {
        return ScheduleConfig.read(checkpoint.scheduler());
    }

    public List<String> labels() {
        return checkpoint.labels(transformer().labels());
    }

    /** A component's weights, which closing leaves open. */
    public Weights weights(String component) {
        return new Kept(checkpoint.component(component).weights());
    }

    public Layout layout() {
        return layout(checkpoint);
    }

    public static Layout layout(Checkpoint checkpoint) {
        var opened = new Opened(checkpoint);
        var configurations = new LinkedHashMap<String, Object>();
        if (checkpoint.components().contains("transformer")) {
            configurations.put("transformer", opened.transformer().toDiffusers());
            configurations.put("vae", opened.vae().toDiffusers());
            configurations.put("scheduler", opened.schedule().toDiffusers());
            if (!opened.labels().isEmpty()) {
                configurations.put("id2label", Layout.labels(opened.labels()));
            }
            return new Layout(configurations, List.of(new Layout.Part("vae", NetworkTensors.vae(opened.vae())),
                    new Layout.Part("transformer", NetworkTensors.transformer(opened.transformer()))), List.of());
        }
        configurations.put("unet", opened.unet().toDiffusers());
        configurations.put("vae", opened.vae().toDiffusers());
        configurations.put("text_encoder", opened.textEncoder().toTransformers());
        configurations.put("scheduler", opened.schedule().toDiffusers());
        return new Layout(configurations, List.of(
                new Layout.Part("text_encoder", NetworkTensors.textEncoder(opened.textEncoder())),
                new Layout.Part("vae", NetworkTensors.vae(opened.vae())),
                new Layout.Part("unet", NetworkTensors.unet(opened.unet()))), List.of("tokenizer"));
    }

    @Override
    public void close() {
        checkpoint.close();
    }

    private record Kept(Weights base) implements WeightsView {

        @Override
        public void require(String name, int... shape) {
            base.require(name, shape);
        }

        @Override
        public void close() {
        }
    }
}
