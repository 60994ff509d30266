package org.diffusionclassifier.model.sd3;

import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.text.ClipPair;

/**
 * Stable Diffusion 3 and 3.5: a multimodal transformer trained by flow matching, conditioned on captions that two or three
 * text encoders have encoded. (Esser et al., 2024, arXiv 2403.03206.)
 */
public final class Sd3Family implements ModelFamily {

    @Override
    public String name() {
        return "Stable Diffusion 3";
    }

    /** T5's may be missing. */
    @Override
    public List<String> components() {
        return List.of(ClipPair.FIRST, ClipPair.SECOND, Sd3Config.VAE, Sd3Config.TRANSFORMER);
    }

    /** By the class of its transformer. */
    @Override
    public boolean recognises(Checkpoint checkpoint) {
        return checkpoint.components().contains(Sd3Config.TRANSFORMER) && checkpoint.component(Sd3Config.TRANSFORMER)
                .config().get("_class_name").asText().startsWith("SD3");
    }

    @Override
    public Layout layout(Checkpoint checkpoint) {
        return Sd3Config.read(checkpoint).layout();
    }

    @Override
    public Latents latents(Checkpoint checkpoint) {
        return Sd3Config.read(checkpoint).latents();
    }

    @Override
    public LatentModel load(Checkpoint checkpoint, Device device) {
        return new Sd3Model(checkpoint, device);
    }
}
