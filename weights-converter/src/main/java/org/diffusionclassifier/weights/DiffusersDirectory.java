package org.diffusionclassifier.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A Stable Diffusion model as diffusers' {@code save_pretrained} lays it out: model_index.json and a folder for each of
 * unet, vae, text_encoder, tokenizer and scheduler. The configurations are read and checked, alone and against each
 * other, when it is opened; weights, as safetensors or as PyTorch's pickles, are opened on demand. Works on any file
 * system, the inside of a jar included.
 */
public record DiffusersDirectory(Path root, UNetConfig unet, VaeConfig vae, ClipTextConfig textEncoder,
                                 ScheduleConfig schedule) implements ModelSource {

    private static final String MODEL_INDEX = "model_index.json";
    private static final String CONFIG = "config.json";
    private static final String PYTORCH_MODEL = "diffusion_pytorch_model";

    /** @throws InputException if it is no such directory, lacks a part, or holds a model that is not supported */
    public static DiffusersDirectory open(Path root) {
        if (!Files.isDirectory(root)) {
            throw new InputException(root + ": expected a diffusers model directory, found "
                    + (Files.exists(root) ? "a file" : "nothing"));
        }
        if (!Files.exists(root.resolve(MODEL_INDEX))) {
            throw new InputException(root + ": expected a diffusers model directory, found no " + MODEL_INDEX);
        }
        JsonConfig.read(root.resolve(MODEL_INDEX));
        for (String component : List.of("unet", "vae", "text_encoder", "tokenizer", "scheduler")) {
            if (!Files.isDirectory(root.resolve(component))) {
                throw new InputException(root + ": expected a Stable Diffusion model, found no folder " + component);
            }
        }
        var directory = new DiffusersDirectory(root,
                UNetConfig.read(root.resolve("unet").resolve(CONFIG)),
                VaeConfig.read(root.resolve("vae").resolve(CONFIG)),
                ClipTextConfig.read(root.resolve("text_encoder").resolve(CONFIG)),
                ScheduleConfig.read(root.resolve("scheduler").resolve("scheduler_config.json")));
        directory.requireThatPartsFit();
        return directory;
    }

    private void requireThatPartsFit() {
        Path unetFile = root.resolve("unet").resolve(CONFIG);
        Path vaeFile = root.resolve("vae").resolve(CONFIG);
        Path textFile = root.resolve("text_encoder").resolve(CONFIG);
        requireEqual(unetFile, "cross_attention_dim", unet.crossAttentionDim(),
                textFile, "hidden_size", textEncoder.width());
        requireEqual(unetFile, "in_channels", unet.inChannels(), vaeFile, "latent_channels", vae.latentChannels());
        requireEqual(unetFile, "out_channels", unet.outChannels(), vaeFile, "latent_channels", vae.latentChannels());
        if (vae.inChannels() != 3) {
            throw new InputException(vaeFile + ": in_channels = " + vae.inChannels()
                    + " is not supported (expected 3, as images are RGB)");
        }
    }

    private static void requireEqual(Path file, String key, int value, Path otherFile, String otherKey, int other) {
        if (value != other) {
            throw new InputException(file + ": expected " + key + " = " + other + " as " + otherKey + " in " + otherFile
                    + ", found " + value);
        }
    }

    @Override
    public Weights unetWeights() {
        return weights("unet", PYTORCH_MODEL, PYTORCH_MODEL);
    }

    /** Under today's names, whichever version of diffusers wrote them. */
    @Override
    public Weights vaeWeights() {
        return new LegacyVaeWeights(weights("vae", PYTORCH_MODEL, PYTORCH_MODEL));
    }

    /** Without the {@code text_model.} that some versions of transformers begin their names with. */
    @Override
    public Weights textEncoderWeights() {
        Weights weights = weights("text_encoder", "model", "pytorch_model");
        return weights.has("text_model.final_layer_norm.weight")
                ? new PrefixedWeights(weights, "text_model", true)
                : weights;
    }

    private Weights weights(String component, String safetensorsStem, String pickleStem) {
        return WeightsFormat.find(root.resolve(component), safetensorsStem, pickleStem);
    }

    @Override
    public Path tokenizer() {
        return root.resolve("tokenizer");
    }
}
