package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.checkpoint.LdmCheckpoint;
import org.diffusionclassifier.checkpoint.Lora;
import org.diffusionclassifier.checkpoint.LoraModel;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/**
 * How a model is read: what one file in the original naming does not tell of itself, and others do, and the LoRAs that
 * are added.
 */
final class CheckpointOptions {

    enum Predicted { EPSILON, V }

    private static final int DEFAULT_IMAGE_SIZE = 512;

    @Option(names = "--tokenizer", paramLabel = "DIR",
            description = "For a model in the original naming: the tokenizer/ of a diffusers directory of the same "
                    + "version (1 and 2 pad captions differently).")
    private Path tokenizer;

    @Option(names = "--image-size", paramLabel = "N",
            description = "For a model in the original naming: height and width of its training images; 768 for 2.0-v "
                    + "and 2.1-v. Default: " + DEFAULT_IMAGE_SIZE + ".")
    private Integer imageSize;

    @Option(names = "--predicts", paramLabel = "WHAT",
            description = "For a model in the original naming: epsilon, or v for 2.0-v and 2.1-v. Default: epsilon.")
    private Predicted predicts;

    @Option(names = "--ema",
            description = "For a model in the original naming: the UNet's weights averaged over training.")
    private boolean ema;

    @Option(names = "--lora", paramLabel = "FILE[:SCALE]",
            description = "A LoRA to add to the weights (kohya's, diffusers' or PEFT's naming), times a scale. Default: "
                    + "1. May be given several times.")
    private List<String> loras = List.of();

    /** Whether a model is one that all options but the LoRAs are for. */
    private static boolean concern(Path model) {
        return model != null && Files.isRegularFile(model) && !ModelFile.isOne(model);
    }

    /** @throws InputException for what does not go with {@code model}, which may be null */
    void check(Path model) {
        boolean concerned = concern(model);
        if (concerned && tokenizer == null) {
            throw new InputException("--tokenizer: expected a folder with vocab.json and merges.txt, as " + model
                    + " has no tokenizer in it (or --vae, if it is a DiT)");
        }
        if (!concerned && tellsOfAFile()) {
            throw new InputException("--tokenizer, --image-size, --predicts and --ema: expected with a model that is "
                    + "one file in the original naming, as others tell these themselves");
        }
    }

    /** @throws InputException if one of these was given, none of which a DiT has */
    void checkNone() {
        if (tellsOfAFile() || !loras.isEmpty()) {
            throw new InputException("--tokenizer, --image-size, --predicts, --ema and --lora: expected with Stable "
                    + "Diffusion, not with a DiT");
        }
    }

    private boolean tellsOfAFile() {
        return tokenizer != null || imageSize != null || predicts != null || ema;
    }

    /** @throws InputException if it is no model, or lacks a part */
    ModelSource open(Path model) {
        return withLoras(ModelSource.open(model, new LdmCheckpoint.Options(imageSize(), predicted() == Predicted.V
                ? PredictionType.V_PREDICTION : PredictionType.EPSILON, ema, tokenizer)));
    }

    /** @throws InputException if one is none, or does not fit */
    ModelSource withLoras(ModelSource model) {
        return LoraModel.of(model, loras.stream().map(CheckpointOptions::lora).toList());
    }

    private static Lora lora(String given) {
        int colon = given.lastIndexOf(':');
        if (Files.exists(Path.of(given)) || colon < 0) {
            return Lora.open(Path.of(given), 1);
        }
        try {
            float scale = Float.parseFloat(given.substring(colon + 1));
            if (Float.isFinite(scale)) {
                return Lora.open(Path.of(given.substring(0, colon)), scale);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new InputException("--lora: expected FILE or FILE:SCALE, found " + given);
    }

    /** Adds what the errors depend on. */
    void describe(Path model, Map<String, String> settings) {
        if (concern(model)) {
            settings.put("tokenizer", tokenizer.toAbsolutePath().normalize().toString());
            settings.put("image-size", Integer.toString(imageSize()));
            settings.put("predicts", predicted().name().toLowerCase(Locale.ROOT));
            settings.put("ema", Boolean.toString(ema));
        }
        if (!loras.isEmpty()) {
            settings.put("lora", String.join(", ", loras));
        }
    }

    private int imageSize() {
        return imageSize == null ? DEFAULT_IMAGE_SIZE : imageSize;
    }

    private Predicted predicted() {
        return predicts == null ? Predicted.EPSILON : predicts;
    }
}
