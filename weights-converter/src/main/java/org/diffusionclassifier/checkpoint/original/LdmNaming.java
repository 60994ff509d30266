package org.diffusionclassifier.checkpoint.original;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.checkpoint.original.RenamedWeights.Stored;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A Stable Diffusion 1.x, 2.x or SDXL model as one file in the original naming (CompVis latent-diffusion and Stability's
 * stablediffusion and generative-models): UNet, VAE and text encoders.
 */
final class LdmNaming implements OriginalNaming {

    private static final String UNET = "model.diffusion_model.";
    private static final String EMA = "model_ema.";

    /** A part of a model and how its tensors' names begin. */
    private record Part(String what, String prefix) {
    }

    private static final List<Part> PARTS = List.of(new Part("UNet", UNET), new Part("VAE", "first_stage_model."));
    private static final List<Part> TEXT_ENCODER = List.of(new Part("text encoder", "cond_stage_model."));
    private static final List<Part> TEXT_ENCODERS_OF_XL = List.of(
            new Part("first text encoder", "conditioner.embedders.0.transformer."),
            new Part("second text encoder", "conditioner.embedders.1.model."));

    /** What latents are multiplied by, and the training images' height and width. */
    private static final double SCALING_FACTOR = 0.18215;
    private static final double SCALING_FACTOR_OF_XL = 0.13025;
    private static final int IMAGE_SIZE_OF_XL = 1024;

    @Override
    public boolean recognises(Weights file) {
        return file.names().stream().anyMatch(name -> name.startsWith(UNET));
    }

    /** Image size and which weights are meant, none of which is in the tensors. */
    @Override
    public boolean takesSettings() {
        return true;
    }

    @Override
    public OriginalModel read(Weights file, Settings settings) {
        requireStableDiffusion(file, settings.textElsewhere());
        boolean xl = LdmUNet.isXl(file);
        var vae = new LdmVaeEncoder(file);
        VaeConfig vaeConfig = vae.config(settings.imageSize(), xl ? SCALING_FACTOR_OF_XL : SCALING_FACTOR, 0);
        var unet = new LdmUNet(unetFile(file, settings.ema()));
        UNetConfig unetConfig = unet.config(settings.imageSize() / vaeConfig.downscale());
        requireWholeLevels(file.source(), settings.imageSize(), vaeConfig, unetConfig);
        var networks = new LinkedHashMap<String, OriginalModel.Network>();
        List<Part> text = textEncoders(file);
        if (has(file, text.get(0))) {
            put(networks, "text_encoder", xl ? LdmTextEncoder.firstOfXl(file) : new LdmTextEncoder(file));
        }
        if (xl && has(file, text.get(1))) {
            put(networks, "text_encoder_2", LdmTextEncoder.secondOfXl(file));
        }
        networks.put("vae", new OriginalModel.Network(vaeConfig.toDiffusers(), vae::weights));
        networks.put("unet", new OriginalModel.Network(unetConfig.toDiffusers(), unet::weights));
        var noise = StatedNoise.of(file, xl);
        return new OriginalModel(networks, noise.schedule().toDiffusers(),
                xl ? Map.of("force_zeros_for_empty_prompt", true) : Map.of(), !noise.saysPrediction(), noise.notices(file.source()));
    }

    private static void put(Map<String, OriginalModel.Network> networks, String name, LdmTextEncoder text) {
        networks.put(name, new OriginalModel.Network(text.config().toTransformers(), text::weights));
    }

    @Override
    public int imageSize(Weights file) {
        return LdmUNet.isXl(file) ? IMAGE_SIZE_OF_XL : OriginalNaming.super.imageSize(file);
    }

    private static List<Part> textEncoders(Weights file) {
        return LdmUNet.isXl(file) ? TEXT_ENCODERS_OF_XL : TEXT_ENCODER;
    }

    private static boolean has(Weights file, Part part) {
        return file.names().stream().anyMatch(name -> name.startsWith(part.prefix));
    }

    private static void requireStableDiffusion(Weights file, boolean textElsewhere) {
        String expected = file.source() + ": expected a Stable Diffusion 1.x, 2.x or SDXL checkpoint, found ";
        OtherFile.of(file).ifPresent(what -> {
            throw new InputException(expected + what);
        });
        List<Part> parts = new ArrayList<>(PARTS);
        if (!textElsewhere) {
            parts.addAll(textEncoders(file));
        }
        for (Part part : parts) {
            if (!has(file, part)) {
                throw new InputException(expected + "no " + part.what + " (tensors " + part.prefix + "*)");
            }
        }
    }

    private static void requireWholeLevels(String source, int imageSize, VaeConfig vae, UNetConfig unet) {
        int multiple = vae.downscale() << unet.blockOutChannels().size() - 1;
        if (imageSize < multiple || imageSize % multiple != 0) {
            throw new InputException(source + ": expected images of a multiple of " + multiple + " pixels, found "
                    + imageSize);
        }
    }

    /** The file with the averaged weights under the names of the last ones, where these are asked for. */
    private static Weights unetFile(Weights file, boolean ema) {
        if (!ema) {
            return file;
        }
        if (file.names().stream().noneMatch(name -> name.startsWith(EMA))) {
            throw new InputException(file.source() + ": expected averaged weights (tensors " + EMA + "*), found none");
        }
        // model.diffusion_model.out.0.bias is model_ema.diffusion_modelout0bias, which cannot be read backwards.
        var modules = new LinkedHashMap<String, Stored>();
        for (String name : file.names()) {
            if (name.startsWith(UNET)) {
                modules.put(name, Stored.whole(EMA + name.substring("model.".length()).replace(".", "")));
            }
        }
        return new RenamedWeights(file, modules);
    }
}
