package org.diffusionclassifier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.weights.InputException;
import org.diffusionclassifier.weights.LdmCheckpoint;
import org.diffusionclassifier.weights.ModelSource;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;
import picocli.CommandLine.Option;

/** What a model as a single file does not tell of itself, and a directory does. */
final class CheckpointOptions {

    enum Predicted { EPSILON, V }

    private static final int DEFAULT_IMAGE_SIZE = 512;

    @Option(names = "--tokenizer", paramLabel = "DIR",
            description = "For a model as one file: the tokenizer/ of a diffusers directory of the same version (1 and "
                    + "2 pad captions differently).")
    private Path tokenizer;

    @Option(names = "--image-size", paramLabel = "N",
            description = "For a model as one file: height and width of its training images; 768 for 2.0-v and 2.1-v. "
                    + "Default: " + DEFAULT_IMAGE_SIZE + ".")
    private Integer imageSize;

    @Option(names = "--predicts", paramLabel = "WHAT",
            description = "For a model as one file: epsilon, or v for 2.0-v and 2.1-v. Default: epsilon.")
    private Predicted predicts;

    @Option(names = "--ema", description = "For a model as one file: the UNet's weights averaged over training.")
    private boolean ema;

    /** @throws InputException for what does not go with {@code model}, which may be null */
    void check(Path model) {
        boolean file = model != null && Files.isRegularFile(model);
        if (file && tokenizer == null) {
            throw new InputException("--tokenizer: expected a folder with vocab.json and merges.txt, as " + model
                    + " has no tokenizer in it");
        }
        if (!file && isGiven()) {
            throw new InputException("--tokenizer, --image-size, --predicts and --ema: expected with a --model that is "
                    + "one file, as others tell these themselves");
        }
    }

    /** Whether any of these was. */
    boolean isGiven() {
        return tokenizer != null || imageSize != null || predicts != null || ema;
    }

    /** @throws InputException if it is no checkpoint, or lacks a part */
    ModelSource open(Path model) {
        return LdmCheckpoint.open(model, new LdmCheckpoint.Options(imageSize(), predicted() == Predicted.V
                ? PredictionType.V_PREDICTION : PredictionType.EPSILON, ema, tokenizer));
    }

    /** Adds what the errors depend on. */
    void describe(Map<String, String> settings) {
        settings.put("tokenizer", tokenizer.toAbsolutePath().normalize().toString());
        settings.put("image-size", Integer.toString(imageSize()));
        settings.put("predicts", predicted().name().toLowerCase(Locale.ROOT));
        settings.put("ema", Boolean.toString(ema));
    }

    private int imageSize() {
        return imageSize == null ? DEFAULT_IMAGE_SIZE : imageSize;
    }

    private Predicted predicted() {
        return predicts == null ? Predicted.EPSILON : predicts;
    }
}
