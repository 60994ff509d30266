package org.diffusionclassifier.checkpoint.original;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A Stable Diffusion 3 or 3.5 as one file in the original naming: transformer, VAE, and those of the text encoders that it
 * comes with, as transformers names them.
 */
final class Sd3Naming implements OriginalNaming {

    private static final String TRANSFORMER = "model.diffusion_model";
    private static final String VAE = "first_stage_model";

    /** A text encoder: what diffusers calls it, what its tensors' names begin with, and its activation, which none shows. */
    private record Clip(String component, String prefix, Activation activation) {
    }

    private static final List<Clip> CLIPS = List.of(
            new Clip("text_encoder", "text_encoders.clip_l.transformer", Activation.QUICK_GELU),
            new Clip("text_encoder_2", "text_encoders.clip_g.transformer", Activation.GELU));
    private static final String T5_COMPONENT = "text_encoder_3";
    private static final String T5 = "text_encoders.t5xxl.transformer";

    /** What is subtracted from latents, what they are multiplied by then, and the training images' height and width. */
    private static final double SHIFT_FACTOR = 0.0609;
    private static final double SCALING_FACTOR = 1.5305;
    private static final int IMAGE_SIZE = 1024;

    @Override
    public boolean recognises(Weights file) {
        return has(file, TRANSFORMER + ".joint_blocks");
    }

    /** Of these the image size alone. */
    @Override
    public boolean takesSettings() {
        return true;
    }

    @Override
    public int imageSize(Weights file) {
        return IMAGE_SIZE;
    }

    @Override
    public OriginalModel read(Weights file, Settings settings) {
        OtherFile.of(file).ifPresent(what -> {
            throw new InputException(file.source() + ": expected Stable Diffusion 3, found " + what);
        });
        if (settings.ema()) {
            throw InputException.of("%s: expected none with Stable Diffusion 3, whose files have one set of weights",
                    InputException.field("ema"));
        }
        if (!has(file, VAE)) {
            throw new InputException(file.source() + ": expected Stable Diffusion 3 with its VAE, found none (tensors " + VAE
                    + ".*)");
        }
        var networks = new LinkedHashMap<String, OriginalModel.Network>();
        for (Clip clip : CLIPS) {
            if (has(file, clip.prefix)) {
                var text = new Sd3TextEncoder(file, clip.prefix, clip.activation);
                networks.put(clip.component, new OriginalModel.Network(text.config().toTransformers(), text::weights));
            }
        }
        if (has(file, T5)) {
            var t5 = new OriginalT5(file, T5);
            networks.put(T5_COMPONENT, new OriginalModel.Network(t5.config().toTransformers(), t5::weights));
        }
        var vae = new LdmVaeEncoder(file);
        VaeConfig vaeConfig = vae.config(settings.imageSize(), SCALING_FACTOR, SHIFT_FACTOR);
        if (settings.imageSize() % vaeConfig.downscale() != 0) {
            throw new InputException(file.source() + ": expected images of a multiple of " + vaeConfig.downscale()
                    + " pixels, found " + settings.imageSize());
        }
        networks.put("vae", new OriginalModel.Network(vaeConfig.toDiffusers(), vae::weights));
        var transformer = new OriginalMmdit(file, TRANSFORMER);
        MmditConfig config = transformer.config(settings.imageSize() / vaeConfig.downscale());
        networks.put("transformer", new OriginalModel.Network(config.toDiffusers(), transformer::weights));
        Map<String, Object> scheduler = FlowConfig.stableDiffusion3().toDiffusers();
        return new OriginalModel(networks, scheduler, Map.of(), false, List.of());
    }

    private static boolean has(Weights file, String prefix) {
        return file.names().stream().anyMatch(name -> name.startsWith(prefix + "."));
    }
}
