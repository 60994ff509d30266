package org.diffusionclassifier;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.ArrivingModel;
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.DitDirectory;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.checkpoint.LdmCheckpoint;
import org.diffusionclassifier.checkpoint.Lora;
import org.diffusionclassifier.checkpoint.LoraModel;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.checkpoint.RandomModel;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.ClassLabels;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The files of a model, of whichever family: the only place that knows how a {@link ModelSpec} is opened. Configurations
 * are read and checked, weights are not.
 */
public final class OpenedCheckpoint implements AutoCloseable {

    private static final int DEFAULT_IMAGE_SIZE = 512;

    private final ModelSpec spec;
    private final BundledModel bundled;
    private final DitSource labelled;
    private ModelSource captioned;
    private ArrivingModel arriving;

    private OpenedCheckpoint(ModelSpec spec, BundledModel bundled, ModelSource captioned, DitSource labelled) {
        this.spec = spec;
        this.bundled = bundled;
        this.captioned = captioned;
        this.labelled = labelled;
    }

    /** @throws InputException if it is no model, lacks a part, or the specification says what does not go with it */
    public static OpenedCheckpoint open(ModelSpec spec) {
        checkAutoencoder(spec);
        boolean dit = isDit(spec);
        if (spec.labels() != null && !dit) {
            throw InputException.of("%s: expected with a %s that is a DiT, as others are conditioned on captions",
                    field("labels"), field("model"));
        }
        if (dit) {
            if (spec.tellsOfAFile() || !spec.loras().isEmpty()) {
                throw InputException.of("%s, %s, %s, %s and %s: expected with Stable Diffusion, not with a DiT",
                        field("tokenizer"), field("imageSize"), field("predicts"), field("ema"), field("loras"));
            }
            return new OpenedCheckpoint(spec, null, null, DitSource.open(spec.path(), spec.vae()));
        }
        checkUntold(spec);
        if (spec.path() != null) {
            return new OpenedCheckpoint(spec, null, withLoras(spec, ModelSource.open(spec.path(), untold(spec))), null);
        }
        var bundled = BundledModel.open();
        try {
            return new OpenedCheckpoint(spec, bundled, withLoras(spec, DiffusersDirectory.open(bundled.root())), null);
        } catch (RuntimeException e) {
            bundled.close();
            throw e;
        }
    }

    /** A model of full size with random weights, by name. */
    public static OpenedCheckpoint random(String name, ModelSpec spec) {
        checkAutoencoder(spec);
        checkUntold(spec);
        return new OpenedCheckpoint(spec, null, withLoras(spec, RandomModel.of(name)), null);
    }

    private static boolean isDit(ModelSpec spec) {
        return spec.path() != null && (spec.vae() != null || DitSource.isOne(spec.path()));
    }

    /** Whether the model is one file in the original naming, if it is no DiT. */
    private static boolean isUntold(ModelSpec spec) {
        return spec.path() != null && Files.isRegularFile(spec.path()) && !ModelFile.isOne(spec.path());
    }

    private static void checkAutoencoder(ModelSpec spec) {
        Path model = spec.path();
        if (spec.vae() == null) {
            return;
        }
        if (model != null && ModelFile.isOne(model)) {
            throw InputException.of("%s: expected none with %s, which has its autoencoder in it", field("vae"), model);
        }
        if (model == null || !Files.isRegularFile(model) && !DitDirectory.isOne(model)) {
            throw InputException.of("%s: expected with a DiT, as other models have their own", field("vae"));
        }
    }

    private static void checkUntold(ModelSpec spec) {
        boolean untold = isUntold(spec);
        if (untold && spec.tokenizer() == null) {
            throw InputException.of("%s: expected a folder with vocab.json and merges.txt, as %s has no tokenizer in it "
                    + "(or %s, if it is a DiT)", field("tokenizer"), spec.path(), field("vae"));
        }
        if (!untold && spec.tellsOfAFile()) {
            throw InputException.of("%s, %s, %s and %s: expected with a model that is one file in the original naming, "
                    + "as others tell these themselves", field("tokenizer"), field("imageSize"), field("predicts"),
                    field("ema"));
        }
    }

    private static LdmCheckpoint.Options untold(ModelSpec spec) {
        return new LdmCheckpoint.Options(imageSize(spec), predicts(spec) == ModelSpec.Predicted.V
                ? PredictionType.V_PREDICTION : PredictionType.EPSILON, spec.ema(), spec.tokenizer());
    }

    private static int imageSize(ModelSpec spec) {
        return spec.imageSize() == null ? DEFAULT_IMAGE_SIZE : spec.imageSize();
    }

    private static ModelSpec.Predicted predicts(ModelSpec spec) {
        return spec.predicts() == null ? ModelSpec.Predicted.EPSILON : spec.predicts();
    }

    private static ModelSource withLoras(ModelSpec spec, ModelSource model) {
        return LoraModel.of(model, spec.loras().stream().map(lora -> Lora.open(lora.file(), lora.scale())).toList());
    }

    private static InputException.Field field(String name) {
        return InputException.field(name);
    }

    /** To make one file of it. */
    public Converter converter(Converter.Options options) {
        return labelled != null ? new Converter(labelled, options) : new Converter(captioned, options);
    }

    /** Lets a converted file be read ahead from now on; a DiT has no text encoder to work while the rest is read. */
    void readAhead() {
        if (captioned instanceof ModelFile) {
            arriving = new ArrivingModel(captioned);
            captioned = arriving;
        }
    }

    /** Of a model that is conditioned on captions; else null. */
    ModelSource captioned() {
        return captioned;
    }

    /** Of a model that is conditioned on labels; else null. */
    DitSource labelled() {
        return labelled;
    }

    /** Where the model is; null for the bundled one. */
    Path path() {
        return spec.path();
    }

    /** The bundled model with its prompts and pictures; null for another. */
    BundledModel bundled() {
        return bundled;
    }

    /** What a model that is conditioned on labels calls them. @throws InputException for a file of other labels */
    Optional<ClassLabels> labels() {
        if (labelled == null) {
            return Optional.empty();
        }
        int count = labelled.transformer().labels();
        if (spec.labels() != null) {
            return Optional.of(ClassLabels.read(spec.labels(), count));
        }
        return Optional.of(labelled.labelNames().isEmpty() ? ClassLabels.numbered(count)
                : new ClassLabels(labelled.labelNames()));
    }

    /** Height and width of the latent. */
    int latentSize() {
        return labelled != null ? labelled.transformer().sampleSize() : captioned.unet().sampleSize();
    }

    int latentChannels() {
        return labelled != null ? labelled.transformer().inChannels() : captioned.unet().inChannels();
    }

    /** T. */
    int timesteps() {
        return labelled != null ? labelled.schedule().timesteps() : captioned.schedule().timesteps();
    }

    /** Whether the network predicts variances, too. */
    boolean predictsVariance() {
        return labelled != null && labelled.transformer().predictsVariance();
    }

    /** Elements of the largest tensor that a weights budget counts. */
    long largestLayer() {
        List<Supplier<Weights>> components = labelled != null
                ? List.of(labelled::transformerWeights, labelled::vaeWeights)
                : List.of(captioned::unetWeights, captioned::vaeWeights, captioned::textEncoderWeights);
        long largest = 0;
        for (var component : components) {
            try (Weights weights = component.get()) {
                for (String name : weights.names()) {
                    largest = Math.max(largest, isTable(name) ? 0 : weights.elements(name));
                }
            }
        }
        return largest;
    }

    /** Of the text encoder's tokens and positions, or of a DiT's labels. */
    private static boolean isTable(String name) {
        return name.startsWith("embeddings.") || name.endsWith(".embedding_table.weight");
    }

    /** Adds what errors depend on, by name. */
    void describe(SortedMap<String, String> settings) {
        settings.put("model", spec.path() == null ? "bundled" : absolute(spec.path()));
        if (spec.vae() != null) {
            settings.put("vae", absolute(spec.vae()));
        }
        if (labelled == null && isUntold(spec)) {
            settings.put("tokenizer", absolute(spec.tokenizer()));
            settings.put("image-size", Integer.toString(imageSize(spec)));
            settings.put("predicts", predicts(spec).name().toLowerCase(Locale.ROOT));
            settings.put("ema", Boolean.toString(spec.ema()));
        }
        if (!spec.loras().isEmpty()) {
            settings.put("lora", String.join(", ", spec.loras().stream().map(String::valueOf).toList()));
        }
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }

    @Override
    public void close() {
        if (arriving != null) {
            arriving.close();
        }
        if (bundled != null) {
            bundled.close();
        }
    }
}
