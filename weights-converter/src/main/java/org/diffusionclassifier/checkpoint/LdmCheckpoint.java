package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.diffusionclassifier.checkpoint.RenamedWeights.Stored;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A Stable Diffusion 1.x or 2.x model as one file in the original naming (CompVis latent-diffusion and Stability's
 * stablediffusion): UNet, VAE and text encoder, without configuration or tokenizer. The configurations are inferred
 * from the names and shapes of the tensors when it is opened; weights are opened on demand.
 */
public final class LdmCheckpoint implements ModelSource {

    private static final String UNET = "model.diffusion_model.";
    private static final String EMA = "model_ema.";

    /** A part of a model and how its tensors' names begin. */
    private record Part(String what, String prefix) {
    }

    private static final List<Part> PARTS = List.of(new Part("UNet", UNET), new Part("VAE", "first_stage_model."),
            new Part("text encoder", "cond_stage_model."));

    /** Something else that is passed around as one file, and what only its tensors are called. */
    private record Other(String what, Pattern tensor) {
    }

    private static final List<Other> OTHERS = List.of(
            new Other("a LoRA", Pattern.compile("lora[_.](up|down|A|B)\\b")),
            new Other("a ControlNet", Pattern.compile("^control_model\\.|input_hint_block|controlnet_cond_embedding")),
            new Other("SDXL", Pattern.compile("^conditioner\\.embedders\\.")),
            new Other("a UNet conditioned on more than text, as SDXL's is",
                    Pattern.compile("^model\\.diffusion_model\\.label_emb\\.")),
            new Other("one part in diffusers' form, whose directory is wanted",
                    Pattern.compile("^(encoder\\.|decoder\\.)?(down|up)_blocks\\.")),
            new Other("a DiT, which is taken with --vae", Pattern.compile("^(ema\\.)?(x|y)_embedder\\.")),
            new Other("a VAE alone", Pattern.compile("^(encoder|decoder)\\.(down|up|mid)\\.")));

    /**
     * What nothing in the file tells.
     *
     * @param imageSize  height and width of the images that the model was trained on: 512, or 768 for 2.0-v and 2.1-v
     * @param prediction what the UNet predicts: ε, or v for 2.0-v and 2.1-v
     * @param ema        whether to take the UNet's weights averaged over training ({@code model_ema}), which files for
     *                   further training have beside the last ones
     * @param tokenizer  the folder of the tokenizer's files; null to look at the model without one
     */
    public record Options(int imageSize, PredictionType prediction, boolean ema, Path tokenizer) {
    }

    private final Path path;
    private final Supplier<Weights> opener;
    private final Options options;
    private final StableDiffusionConfig config;

    /**
     * Opens a safetensors file, or by any other name than {@code *.safetensors} one of PyTorch's.
     *
     * @throws InputException if it cannot be read, is something else, lacks a part, or parts do not fit each other
     */
    public static LdmCheckpoint open(Path file, Options options) {
        return new LdmCheckpoint(file, () -> WeightsFormat.of(file).open(file), options);
    }

    /**
     * @param opener gives the file's tensors anew each time
     * @throws InputException as {@link #open} does
     */
    LdmCheckpoint(Path path, Supplier<Weights> opener, Options options) {
        this.path = path;
        this.opener = opener;
        this.options = options;
        try (Weights file = opener.get()) {
            requireStableDiffusion(file);
            VaeConfig vae = new LdmVaeEncoder(file).config(options.imageSize);
            this.config = new StableDiffusionConfig(
                    new LdmUNet(unetFile(file)).config(options.imageSize / vae.downscale()), vae,
                    new LdmTextEncoder(file).config(), ScheduleConfig.stableDiffusion(options.prediction));
            config.requireThatPartsFit(file.source());
            requireWholeLevels(file.source());
        }
        if (options.tokenizer != null) {
            tokenizer();    // refuses what is none before anything is loaded
        }
    }

    private static void requireStableDiffusion(Weights file) {
        String expected = file.source() + ": expected a Stable Diffusion 1.x or 2.x checkpoint, found ";
        for (Other other : OTHERS) {
            for (String name : file.names()) {
                if (other.tensor.matcher(name).find()) {
                    throw new InputException(expected + other.what + " (tensor " + name + ")");
                }
            }
        }
        for (Part part : PARTS) {
            if (file.names().stream().noneMatch(name -> name.startsWith(part.prefix))) {
                throw new InputException(expected + "no " + part.what + " (tensors " + part.prefix + "*)");
            }
        }
    }

    private void requireWholeLevels(String source) {
        int multiple = vae().downscale() << unet().blockOutChannels().size() - 1;
        if (options.imageSize < multiple || options.imageSize % multiple != 0) {
            throw new InputException(source + ": expected images of a multiple of " + multiple + " pixels, found "
                    + options.imageSize);
        }
    }

    /** The file with the averaged weights under the names of the last ones, where these are asked for. */
    private Weights unetFile(Weights file) {
        if (!options.ema) {
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

    @Override
    public Origin origin() {
        return Origin.of(path);
    }

    @Override
    public StableDiffusionConfig config() {
        return config;
    }

    @Override
    public Weights unetWeights() {
        return open(file -> new LdmUNet(unetFile(file)));
    }

    @Override
    public Weights vaeWeights() {
        return open(LdmVaeEncoder::new);
    }

    @Override
    public Weights textEncoderWeights() {
        return open(LdmTextEncoder::new);
    }

    @Override
    public TokenizerTables tokenizer() {
        if (options.tokenizer == null) {
            throw new InputException(path + ": expected the folder of a tokenizer's files beside it, found none given");
        }
        return TokenizerTables.read(options.tokenizer);
    }

    private Weights open(Function<Weights, LdmNetwork> network) {
        Weights file = opener.get();
        try {
            return network.apply(file).weights();
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }
}
