package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.checkpoint.original.OriginalNaming;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model's files, open: named components with their configurations and weights, tokenizers, the configuration of the
 * noise process, names of labels, and where all that comes from. Three readers make one, by the form of the files:
 * {@link DiffusersDirectory}, {@link OriginalFile} and {@link ConvertedFile}; {@link TextEncoderFolder},
 * {@link PredictionOverride}, {@link LoraCheckpoint}, {@link EmbeddingCheckpoint} and {@link ReadAhead} decorate one. What
 * kind of model it is, it does not know.
 *
 * <p>It is opened once. Its weights belong to it: they may be read until it is closed, and are closed with it.
 */
public interface Checkpoint extends AutoCloseable {

    /** The component that has the autoencoder, by which a file that lacks one is completed. */
    String VAE = "vae";

    /**
     * Opens a model in whichever form it is, with LoRAs added to its weights and embeddings to its tokens where the
     * specification names some.
     *
     * @throws InputException if it is none, is damaged, or comes in a form that some of the specification is not for
     */
    static Checkpoint open(ModelSpec spec) {
        return open(spec, TokenizerSource.NONE);
    }

    /**
     * The same for what may lack a tokenizer.
     *
     * @param tokenizers are looked at if there is none in the files, nor in the specification
     */
    static Checkpoint open(ModelSpec spec, TokenizerSource tokenizers) {
        Checkpoint checkpoint = read(spec, tokenizers);
        try {
            return decorated(checkpoint, spec);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** A checkpoint with what the specification changes of it. */
    static Checkpoint decorated(Checkpoint checkpoint, ModelSpec spec) {
        Checkpoint complete = TextEncoderFolder.of(checkpoint, spec.textEncoders().folder());
        Checkpoint predicting = PredictionOverride.of(complete, spec.predicts());
        return EmbeddingCheckpoint.of(LoraCheckpoint.of(predicting, spec.loras()), spec.embeddings());
    }

    private static Checkpoint read(ModelSpec spec, TokenizerSource tokenizers) {
        if (!Files.isRegularFile(spec.path())) {
            return DiffusersDirectory.open(spec);
        }
        spec.refuseVariant();
        Weights file = WeightsFile.open(spec.path());
        try {
            return ConvertedFile.isOne(file) ? new ConvertedFile(file, spec)
                    : new OriginalFile(file, OriginalNaming.of(file), spec, tokenizers);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** What messages call it. */
    String source();

    /** What it was opened by, with the tokenizer that was found where there was none. */
    ModelSpec spec();

    /** The names of its networks in diffusers' words: {@code unet}, {@code vae}, …. */
    Set<String> components();

    /** @throws InputException if there is none of that name, or its configuration cannot be read */
    Component component(String name);

    /**
     * The tables of a tokenizer.
     *
     * @param name in diffusers' words: {@code tokenizer}
     * @throws InputException if there is none of that name, or it cannot be read
     */
    TokenizerTables tokenizer(String name);

    /** The configuration of the noise process, as diffusers' schedulers keep it. @throws InputException if it has none */
    JsonConfig scheduler();

    /** What it says of the model as a whole: model_index.json or what stands for it. */
    JsonConfig index();

    /**
     * Where a file made from what a layout lists comes from, by what the file's {@code __metadata__} calls it: the model's
     * own files under {@link ConvertedFile#SOURCE}, those of an autoencoder or of text encoders from elsewhere under
     * {@link ConvertedFile#VAE_SOURCE} and {@link ConvertedFile#TEXT_SOURCE}.
     */
    Map<String, Origin> origins(Layout layout);

    /** Whether {@link #scheduler} says that the network predicts ε because nobody says what it does. */
    default boolean guessesPrediction() {
        return false;
    }

    /**
     * What its user should know: a line each on what was guessed, left out or passed over. Empty for most. Known once a
     * family has asked for the components.
     */
    default List<String> notices() {
        return List.of();
    }

    /** The tokens that the specification's embeddings added, as captions have them. */
    default List<String> embeddedTokens() {
        return List.of();
    }

    /** Whether weights are kept in the order in which networks ask for them. */
    default boolean isInOrder() {
        return false;
    }

    @Override
    void close();

    /**
     * The names of a model's labels, in their order: those in the specification's file, else the model's own
     * ({@code id2label}); empty where it has none.
     *
     * @param count labels of the model
     * @throws InputException if there are others, or some lack a name
     */
    default List<String> labels(int count) {
        if (spec().labels() != null) {
            return LabelNames.read(spec().labels(), count);
        }
        JsonNode id2label = index().get(Layout.LABELS);
        if (JsonConfig.isOff(id2label)) {
            return List.of();
        }
        var names = new ArrayList<String>();
        for (int label = 0; label < count; label++) {
            JsonNode name = id2label.path(Integer.toString(label));
            if (!name.isTextual() || id2label.size() != count) {
                throw index().unsupported(Layout.LABELS, "a name for each label from 0 to " + (count - 1));
            }
            names.add(name.textValue());
        }
        return names;
    }
}
