package org.diffusionclassifier.model.tiny;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.TensorSpec;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.NoiseProcess;

/**
 * A family of the tests' own, which no main file knows: a network of two convolutions, conditioned on a label between them.
 * Its latent is the image, made smaller.
 */
public final class TinyFamily implements ModelFamily {

    static final String COMPONENT = "tiny";

    /** Height and width of the latent, channels between the convolutions, and labels. */
    record Config(int size, int width, int labels) {

        static Config of(Checkpoint checkpoint) {
            JsonConfig json = checkpoint.component(COMPONENT).config();
            return new Config(json.integer("size"), json.integer("width"), json.integer("labels"));
        }

        Latents latents(NoiseProcess noise) {
            return new Latents(noise, size, 3, false);
        }
    }

    @Override
    public String name() {
        return "Tiny";
    }

    @Override
    public List<String> components() {
        return List.of(COMPONENT);
    }

    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(COMPONENT);
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        Config config = Config.of(checkpoint);
        var configurations = new LinkedHashMap<String, Object>();
        configurations.put(COMPONENT, Map.of("size", config.size, "width", config.width, "labels", config.labels));
        configurations.put(Layout.SCHEDULER, ScheduleConfig.read(checkpoint.scheduler()).toDiffusers());
        configurations.put(Layout.LABELS, Layout.labels(checkpoint.labels(config.labels)));
        return new Layout(configurations, List.of(new Layout.Part(COMPONENT, List.of(
                TensorSpec.table("labels.weight", config.labels, config.width),
                TensorSpec.of("first.weight", config.width, 3, 3, 3), TensorSpec.of("first.bias", config.width),
                TensorSpec.of("last.weight", 3, config.width, 3, 3), TensorSpec.of("last.bias", 3)))), List.of());
    }

    @Override
    public Optional<List<String>> labels(Checkpoint checkpoint) {
        return Optional.of(checkpoint.labels(Config.of(checkpoint).labels));
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return Config.of(checkpoint).latents(NoiseProcess.of(ScheduleConfig.read(checkpoint.scheduler())));
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        return new TinyModel(checkpoint, device);
    }
}
