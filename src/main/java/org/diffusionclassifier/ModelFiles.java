package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.ReadAhead;
import org.diffusionclassifier.checkpoint.TokenizerSource;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.prompt.ClassLabels;
import org.diffusionclassifier.tensor.InputException;

/** A model's files, open, and what their configurations say. Weights are not read before {@link #load}. */
final class ModelFiles implements AutoCloseable {

    private final ModelSpec spec;
    private final BundledModel bundled;
    private final ModelFamily family;
    private final Layout layout;
    private final Latents latents;
    private final Optional<ClassLabels> labels;
    private Checkpoint checkpoint;

    private ModelFiles(BundledModel bundled, Checkpoint checkpoint) {
        this.spec = bundled == null ? checkpoint.spec() : checkpoint.spec().at(null);
        this.bundled = bundled;
        this.checkpoint = checkpoint;
        this.family = ModelFamily.of(checkpoint);
        this.layout = family.layout(checkpoint);
        this.latents = family.latents(checkpoint);
        this.labels = family.labels(checkpoint).map(ClassLabels::new);
    }

    /**
     * @param tokenizers are looked at for a model that has none
     * @throws InputException if it is no model, lacks a part, or the specification says what does not go with it
     */
    static ModelFiles open(ModelSpec spec, TokenizerSource tokenizers) {
        BundledModel bundled = spec.path() == null ? BundledModel.open() : null;
        Checkpoint checkpoint = null;
        try {
            checkpoint = Checkpoint.open(bundled == null ? spec : spec.at(bundled.root()), tokenizers);
            return new ModelFiles(bundled, checkpoint);
        } catch (RuntimeException e) {
            if (checkpoint != null) {
                checkpoint.close();
            }
            if (bundled != null) {
                bundled.close();
            }
            throw e;
        }
    }

    /** Begins to read weights, where that helps: a converted file has them in the order in which networks ask. */
    void readAhead() {
        checkpoint = ReadAhead.of(checkpoint, layout);
    }

    LatentModel load(Device device) {
        return family.load(checkpoint, device);
    }

    /** The bundled model with its prompts and pictures; null for another. */
    BundledModel bundled() {
        return bundled;
    }

    /** What a model that is conditioned on labels calls them. */
    Optional<ClassLabels> labels() {
        return labels;
    }

    Latents latents() {
        return latents;
    }

    /** The prompt that stands for none. */
    String unconditional() {
        return family.unconditional(checkpoint);
    }

    /** The noise process that the model has if it is taken for ε by mistake; empty where what it predicts is known. */
    Optional<NoiseProcess> otherNoise() {
        if (!checkpoint.guessesPrediction()) {
            return Optional.empty();
        }
        return Optional.of(NoiseProcess.of(ScheduleConfig.read(checkpoint.scheduler())
                .withPrediction(PredictionType.V_PREDICTION)));
    }

    /** Elements of the largest tensor that a weights budget counts. */
    long largestLayer() {
        return layout.largestLayer();
    }

    /** @throws InputException if the model is conditioned on labels */
    void requireCaptions(String what) {
        if (labels.isPresent()) {
            throw InputException.of("%s: expected a model that is conditioned on captions, found %s, which is conditioned "
                    + "on labels", InputException.field(what), spec.path());
        }
    }

    /** As {@link Checkpoint#notices}. */
    List<String> notices() {
        return checkpoint.notices();
    }

    /** The files that it is read from; none of the bundled model, which the program comes with. */
    List<Path> inputs() {
        if (bundled != null) {
            return List.of();
        }
        Stream<Path> own = checkpoint.origins(layout).values().stream()
                .flatMap(origin -> origin.files().values().stream());
        Stream<Path> beside = Stream.concat(Stream.ofNullable(spec.labels()),
                spec.loras().stream().map(LoraSpec::file));
        return Stream.concat(own, beside).toList();
    }

    /** Adds what errors depend on, by name. */
    void describe(SortedMap<String, String> settings) {
        spec.describe(settings);
    }

    @Override
    public void close() {
        checkpoint.close();
        if (bundled != null) {
            bundled.close();
        }
    }
}
