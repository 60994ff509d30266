package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** What a model's files do not say themselves, and the LoRAs and embeddings that are added. */
final class CheckpointOptions {

    enum Predicted { EPSILON, V }

    @Option(names = "--tokenizer", paramLabel = "DIR",
            description = "For a model in the original naming: the tokenizer/ of a diffusers directory of the same "
                    + "version (1 and 2 pad captions differently), or a tokenizer.json. Default: the one that pull "
                    + "--tokenizer has fetched.")
    private Path tokenizer;

    @Option(names = "--image-size", paramLabel = "N",
            description = "For a model in the original naming: height and width of its training images; 768 for 2.0-v "
                    + "and 2.1-v. Default: " + ModelSpec.DEFAULT_IMAGE_SIZE + ", of SDXL 1024.")
    private Integer imageSize;

    @Option(names = "--predicts", paramLabel = "WHAT",
            description = "What the UNet of a Stable Diffusion predicts, whatever its files say: epsilon, or v as "
                    + "2.0-v and 2.1-v. Default: what they say, else epsilon.")
    private Predicted predicts;

    @Option(names = "--ema",
            description = "For a model in the original naming: the UNet's weights averaged over training.")
    private boolean ema;

    @Option(names = "--variant", paramLabel = "NAME",
            description = "For a diffusers directory: the weights of that variant, as fp16, bf16 or non_ema; of a "
                    + "component without it the plain ones. Default: the plain ones, or the only variant there is.")
    private String variant;

    @Option(names = "--lora", paramLabel = "FILE[:SCALE]",
            description = "A LoRA to add to the weights (kohya's, diffusers' or PEFT's naming), or a LoHa, LoKr, DoRA "
                    + "or OFT, times a scale. Default: 1. May be given several times.")
    private List<String> loras = List.of();

    @Option(names = "--embedding", paramLabel = "FILE[:TOKEN]",
            description = "What textual inversion learned (diffusers' or AUTOMATIC1111's form), and what stands for it "
                    + "in captions. Default: the token in the file, else the file's name. May be given several times.")
    private List<String> embeddings = List.of();

    @Option(names = "--text-encoders", paramLabel = "DIR|clip",
            description = "Of SDXL and Stable Diffusion 3: a folder with text_encoder, text_encoder_2, tokenizer and so on, "
                    + "for one file that has none; or clip, which leaves Stable Diffusion 3's T5 out.")
    private String textEncoders;

    @Option(names = "--t5-tokens", paramLabel = "N",
            description = "Of Stable Diffusion 3: tokens of a caption that T5 reads, or zeros in its place. Default: 256.")
    private Integer t5Tokens;

    @Option(names = "--vae", paramLabel = "DIR",
            description = "For a DiT: its autoencoder, as diffusers writes one. Needed with one file in the original "
                    + "naming; a directory may have its own.")
    private Path vae;

    /** Whether a tokenizer is given. */
    boolean hasTokenizer() {
        return tokenizer != null;
    }

    /**
     * The model that is meant.
     *
     * @param path   where it is; null for one of no files
     * @param labels names of its labels; null for its own
     */
    ModelSpec spec(Path path, Path labels) {
        return new ModelSpec(path, tokenizer, vae, labels, imageSize, predicts == null ? null
                : predicts == Predicted.V ? PredictionType.V_PREDICTION : PredictionType.EPSILON, ema,
                loras.stream().map(CheckpointOptions::lora).toList(),
                embeddings.stream().map(CheckpointOptions::embedding).toList(), variant, textEncoders());
    }

    private ModelSpec.TextEncoderSpec textEncoders() {
        var all = ModelSpec.TextEncoderSpec.ALL;
        boolean clip = "clip".equals(textEncoders);
        return new ModelSpec.TextEncoderSpec(textEncoders == null || clip ? null : path("--text-encoders", textEncoders),
                !clip, t5Tokens == null ? all.t5Tokens() : t5Tokens);
    }

    private static ModelSpec.EmbeddingSpec embedding(String given) {
        int colon = colon(given);
        return colon < 0 || isFile(given) ? new ModelSpec.EmbeddingSpec(path("--embedding", given), null)
                : new ModelSpec.EmbeddingSpec(path("--embedding", given.substring(0, colon)), given.substring(colon + 1));
    }

    private static ModelSpec.LoraSpec lora(String given) {
        int colon = colon(given);
        if (colon < 0 || isFile(given)) {
            return new ModelSpec.LoraSpec(path("--lora", given), 1);
        }
        try {
            float scale = Float.parseFloat(given.substring(colon + 1));
            if (Float.isFinite(scale)) {
                return new ModelSpec.LoraSpec(path("--lora", given.substring(0, colon)), scale);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new InputException("--lora: expected FILE or FILE:SCALE, found " + given);
    }

    /** Where the colon is that ends a file's name; -1 for none. One that follows the letter of a drive does not. */
    static int colon(String given) {
        int colon = given.lastIndexOf(':');
        return colon == 1 && given.matches("[A-Za-z]:[/\\\\].*") ? -1 : colon;
    }

    private static boolean isFile(String given) {
        try {
            return Files.exists(Path.of(given));
        } catch (InvalidPathException e) {      // on Windows no name has a colon
            return false;
        }
    }

    private static Path path(String option, String given) {
        try {
            return Path.of(given);
        } catch (InvalidPathException e) {
            throw new InputException(option + ": expected the name of a file, found " + InputException.quoted(given), e);
        }
    }
}
