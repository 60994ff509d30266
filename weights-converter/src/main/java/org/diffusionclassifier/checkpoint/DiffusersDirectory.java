package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.PrefixedWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A Stable Diffusion model as diffusers' {@code save_pretrained} lays it out: model_index.json and a folder for each of
 * unet, vae, text_encoder, tokenizer and scheduler. The configurations are read and checked, alone and against each
 * other, when it is opened; weights, as safetensors or as PyTorch's pickles, are opened on demand. Works on any file
 * system, the inside of a jar included.
 */
public record DiffusersDirectory(Path root, StableDiffusionConfig config) implements ModelSource {

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
        var directory = new DiffusersDirectory(root, new StableDiffusionConfig(
                UNetConfig.read(root.resolve("unet").resolve(CONFIG)),
                VaeConfig.read(root.resolve("vae").resolve(CONFIG)),
                ClipTextConfig.read(root.resolve("text_encoder").resolve(CONFIG)),
                ScheduleConfig.read(root.resolve("scheduler").resolve("scheduler_config.json"))));
        directory.requireThatPartsFit();
        return directory;
    }

    private void requireThatPartsFit() {
        Path unetFile = root.resolve("unet").resolve(CONFIG);
        Path vaeFile = root.resolve("vae").resolve(CONFIG);
        Path textFile = root.resolve("text_encoder").resolve(CONFIG);
        requireEqual(unetFile, "cross_attention_dim", unet().crossAttentionDim(),
                textFile, "hidden_size", textEncoder().width());
        requireEqual(unetFile, "in_channels", unet().inChannels(), vaeFile, "latent_channels", vae().latentChannels());
        requireEqual(unetFile, "out_channels", unet().outChannels(), vaeFile, "latent_channels",
                vae().latentChannels());
        if (vae().inChannels() != 3) {
            throw new InputException(vaeFile + ": in_channels = " + vae().inChannels()
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
        return locate(Component.UNET).open();
    }

    /** Under today's names, whichever version of diffusers wrote them. */
    @Override
    public Weights vaeWeights() {
        return new LegacyVaeWeights(locate(Component.VAE).open());
    }

    /** Without the {@code text_model.} that some versions of transformers begin their names with. */
    @Override
    public Weights textEncoderWeights() {
        Weights weights = locate(Component.TEXT_ENCODER).open();
        return weights.has("text_model.final_layer_norm.weight")
                ? new PrefixedWeights(weights, "text_model", true)
                : weights;
    }

    /** A part with weights: its folder, and what the names of their files begin with. */
    private enum Component {
        UNET("unet", PYTORCH_MODEL, PYTORCH_MODEL),
        VAE("vae", PYTORCH_MODEL, PYTORCH_MODEL),
        TEXT_ENCODER("text_encoder", "model", "pytorch_model");

        private final String folder;
        private final String safetensorsStem;
        private final String pickleStem;

        Component(String folder, String safetensorsStem, String pickleStem) {
            this.folder = folder;
            this.safetensorsStem = safetensorsStem;
            this.pickleStem = pickleStem;
        }
    }

    private WeightsFormat.Located locate(Component component) {
        return WeightsFormat.find(root.resolve(component.folder), component.safetensorsStem, component.pickleStem);
    }

    @Override
    public TokenizerTables tokenizer() {
        return TokenizerTables.read(root.resolve("tokenizer"));
    }

    @Override
    public Origin origin() {
        var files = new ArrayList<>(List.of(root.resolve(MODEL_INDEX),
                root.resolve("scheduler").resolve("scheduler_config.json")));
        for (Component component : Component.values()) {
            files.add(root.resolve(component.folder).resolve(CONFIG));
            files.addAll(locate(component).files());
        }
        TokenizerTables.NAMES.stream().map(root.resolve("tokenizer")::resolve).filter(Files::exists)
                .forEach(files::add);
        return Origin.of(root, files);
    }
}
