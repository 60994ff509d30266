package org.diffusionclassifier.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.diffusionclassifier.weights.RenamedWeights.Stored;
import org.diffusionclassifier.weights.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

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
            new Other("a DiT, which wants --vae", Pattern.compile("^(ema\\.)?(x|y)_embedder\\.")),
            new Other("a VAE alone", Pattern.compile("^(encoder|decoder)\\.(down|up|mid)\\.")));

    /**
     * What nothing in the file tells.
     *
     * @param imageSize  height and width of the images that the model was trained on: 512, or 768 for 2.0-v and 2.1-v
     * @param prediction what the UNet predicts: ε, or v for 2.0-v and 2.1-v
     * @param ema        whether to take the UNet's weights averaged over training ({@code model_ema}), which files for
     *                   further training have beside the last ones
     * @param tokenizer  the folder of the tokenizer's files
     */
    public record Options(int imageSize, PredictionType prediction, boolean ema, Path tokenizer) {
    }

    private final Supplier<Weights> opener;
    private final Options options;
    private final UNetConfig unet;
    private final VaeConfig vae;
    private final ClipTextConfig textEncoder;

    /**
     * Opens a safetensors file, or by any other name than {@code *.safetensors} one of PyTorch's.
     *
     * @throws InputException if it cannot be read, is something else, lacks a part, or parts do not fit each other
     */
    public static LdmCheckpoint open(Path file, Options options) {
        return new LdmCheckpoint(() -> WeightsFormat.of(file).open(file), options);
    }

    /**
     * @param opener gives the file's tensors anew each time
     * @throws InputException as {@link #open} does
     */
    LdmCheckpoint(Supplier<Weights> opener, Options options) {
        this.opener = opener;
        this.options = options;
        try (Weights file = opener.get()) {
            requireStableDiffusion(file);
            var vaeEncoder = new LdmVaeEncoder(file);
            this.vae = vaeEncoder.config(options.imageSize);
            this.unet = new LdmUNet(unetFile(file)).config(options.imageSize / vae.downscale());
            this.textEncoder = new LdmTextEncoder(file).config();
            requireThatPartsFit(file.source());
        }
        if (!Files.isDirectory(options.tokenizer)) {
            throw new InputException(options.tokenizer + ": expected the folder of a tokenizer's files, found "
                    + (Files.exists(options.tokenizer) ? "a file" : "nothing"));
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

    private void requireThatPartsFit(String source) {
        requireEqual(source, "width of the UNet's context", unet.crossAttentionDim(), "the text encoder",
                textEncoder.width());
        requireEqual(source, "input channels of the UNet", unet.inChannels(), "the VAE's latent", vae.latentChannels());
        requireEqual(source, "output channels of the UNet", unet.outChannels(), "the VAE's latent",
                vae.latentChannels());
        requireEqual(source, "input channels of the VAE", vae.inChannels(), "an RGB image", 3);
        int multiple = vae.downscale() << unet.blockOutChannels().size() - 1;
        if (options.imageSize < multiple || options.imageSize % multiple != 0) {
            throw new InputException(source + ": expected images of a multiple of " + multiple + " pixels, found "
                    + options.imageSize);
        }
    }

    private static void requireEqual(String source, String what, int found, String other, int expected) {
        if (found != expected) {
            throw new InputException(source + ": " + what + ": expected " + expected + " as " + other + " has, found "
                    + found);
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
    public UNetConfig unet() {
        return unet;
    }

    @Override
    public VaeConfig vae() {
        return vae;
    }

    @Override
    public ClipTextConfig textEncoder() {
        return textEncoder;
    }

    /** That of all of Stable Diffusion 1.x and 2.x. */
    @Override
    public ScheduleConfig schedule() {
        return new ScheduleConfig(1000, 0.00085, 0.012, BetaSchedule.SCALED_LINEAR, options.prediction);
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
    public Path tokenizer() {
        return options.tokenizer;
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
