package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.prompt.PromptSpec;
import org.diffusionclassifier.score.PredictionTrial;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;

/**
 * An open model: what classifiers are made of. Loading reads and checks the model's configurations; the device is opened
 * and the networks are loaded when they are first needed, and stay until the model is closed.
 *
 * <pre>
 *     try (var model = DiffusionModel.load(Path.of("sd2.safetensors"));
 *          var classifier = model.classifier("cat", "dog", "fox")) {
 *         Classification answer = classifier.classify(Path.of("photo.jpg"));
 *         System.out.println(answer.best());            // name, probability, margin, pairs
 *     }
 * </pre>
 *
 * <p><b>Threads.</b> A model and all that is made of it may be used from any thread. The device does one evaluation at a
 * time: a second thread waits until the image in hand is done.
 *
 * <p>Whatever is wrong with what is given ends in an {@link InputException}, at the latest with the first question; a
 * failure of the device in an {@link org.diffusionclassifier.device.DeviceException}.
 */
public final class DiffusionModel implements AutoCloseable {

    private final ModelFiles files;
    private final DeviceSpec deviceSpec;
    private final WeightsBudget budget;
    private final Consumer<String> log;
    private final Consumer<String> warning;
    private final OneThread thread = new OneThread("diffusion-model");
    private final Deque<Networks.Opened> scorers = new ArrayDeque<>();
    private Device device;
    private Networks networks;
    private boolean shownImage;
    private volatile boolean closed;

    private DiffusionModel(ModelFiles files, DeviceSpec deviceSpec, Consumer<String> log, Consumer<String> warning) {
        this.files = files;
        this.deviceSpec = deviceSpec;
        this.log = log;
        this.warning = warning;
        this.budget = deviceSpec.weightsBudget() == null ? WeightsBudget.unlimited()
                : deviceSpec.budget(files.largestLayer());
    }

    /**
     * A model on the best device there is.
     *
     * @param path a file that {@code convert} made, or a directory in diffusers' form
     * @throws InputException if it is no model, or lacks a part
     */
    public static DiffusionModel load(Path path) {
        return builder().checkpoint(path).load();
    }

    /**
     * A model by its name, on the best device there is. Nothing is fetched.
     *
     * @param name as {@link ModelNames} has it: a path, or a model in the folder of models or in the Hub's cache
     * @throws InputException if there is none of that name, or several, or it is no model, or lacks a part
     */
    public static DiffusionModel load(String name) {
        return builder().checkpoint(name).load();
    }

    /** The small model that comes with this project, on the best device there is. */
    public static DiffusionModel bundled() {
        return builder().load();
    }

    /** For everything else there is to say about a model; without a checkpoint it is the bundled one. */
    public static Builder builder() {
        return new Builder();
    }

    /** Says which model, and on which device. */
    public static final class Builder {

        private ModelSpec model = ModelSpec.bundled();
        private String name;
        private ModelNames names = ModelNames.ofSystem();
        private DeviceSpec device = DeviceSpec.DEFAULT;
        private Consumer<String> log = line -> { };
        private Consumer<String> warning = line -> { };

        private Builder() {
        }

        /** @param path as {@link ModelSpec#path} */
        public Builder checkpoint(Path path) {
            model = model.at(path);
            name = null;
            return this;
        }

        /** @param name as {@link ModelNames} has it; looked up when the model is loaded */
        public Builder checkpoint(String name) {
            this.name = name;
            return this;
        }

        /** Where names, and tokenizers of models without one, are looked up; the system's by default. */
        public Builder names(ModelNames names) {
            this.names = names;
            return this;
        }

        /** Everything about the model at once. */
        public Builder model(ModelSpec spec) {
            model = spec;
            name = null;
            return this;
        }

        /** Adds a LoRA to the weights, times a scale. */
        public Builder lora(Path file, float scale) {
            model = model.with(new ModelSpec.LoraSpec(file, scale));
            return this;
        }

        /**
         * Adds what textual inversion learned.
         *
         * @param token what stands for it in captions; null for what the file says
         */
        public Builder embedding(Path file, String token) {
            model = model.with(new ModelSpec.EmbeddingSpec(file, token));
            return this;
        }

        /** Everything about the device at once. */
        public Builder device(DeviceSpec spec) {
            device = spec;
            return this;
        }

        /** @param name {@code cpu}, {@code cuda}, {@code simt} or {@code auto} */
        public Builder device(String name) {
            device = device.withDevice(name);
            return this;
        }

        /** @param name {@code f32}, {@code bf16}, {@code f16} or {@code auto} */
        public Builder dtype(String name) {
            device = device.withDtype(name);
            return this;
        }

        /** @param name {@code native} or {@code vendor} */
        public Builder kernels(String name) {
            device = device.withKernels(name);
            return this;
        }

        /** @param pairs evaluated at once, at least 1 */
        public Builder batchSize(int pairs) {
            device = device.withBatchSize(pairs);
            return this;
        }

        /** @param bytes of weights to keep in the device's memory at the most */
        public Builder weightsBudget(long bytes) {
            device = device.withWeightsBudget(bytes);
            return this;
        }

        /** @param lines gets a line whenever something was loaded */
        public Builder log(Consumer<String> lines) {
            log = lines;
            return this;
        }

        /** @param lines gets what only the first image shows to be doubtful, a line each */
        public Builder warning(Consumer<String> lines) {
            warning = lines;
            return this;
        }

        /** @throws InputException if there is none, it is no model, lacks a part, or does not go with what was said */
        public DiffusionModel load() {
            var files = ModelFiles.open(name == null ? model : model.at(names.get(name).path()), names);
            try {
                return new DiffusionModel(files, device, log, warning);
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        }
    }

    /**
     * A classifier of classes by name: each put into the template "a photo of a {}.", or for a model that is conditioned
     * on labels, by a label's name or number.
     *
     * @param classNames none for the bundled model's own prompts, or all labels
     */
    public Classifier classifier(String... classNames) {
        return classifier(prompts(classNames.length == 0 ? PromptSpec.byDefault()
                : PromptSpec.ofClasses(List.of(classNames)), List.of()));
    }

    /** A classifier of prompts, of which several may stand for one class. */
    public Classifier classifier(PromptSet prompts) {
        return new Classifier(this, files.labels().map(labels -> labels.resolve(prompts)).orElse(prompts));
    }

    /**
     * What images are compared with: captions, or the numbers of labels.
     *
     * @param datasetNames class names that a dataset brings along; empty for none
     */
    public PromptSet prompts(PromptSpec spec, List<String> datasetNames) {
        return files.labels().map(labels -> spec.labels(labels, datasetNames)).orElseGet(() ->
                spec.captions(files.bundled() == null ? null : files.bundled().prompts(), datasetNames));
    }

    /** Compares pictures and captions both ways. @throws InputException if it is conditioned on labels */
    public Matching matching() {
        files.requireCaptions("matching");
        return new Matching(captionTrials());
    }

    /** Finds the box of a picture that an expression refers to. @throws InputException if it is conditioned on labels */
    public Referring referring() {
        files.requireCaptions("referring");
        return new Referring(captionTrials());
    }

    private CaptionTrials captionTrials() {
        return new CaptionTrials(this, Staged.exhaustive(Matching.N_SAMPLES), TrialSpec.DEFAULT,
                Turning.UPRIGHT);
    }

    /** The names of the labels that it is conditioned on; empty for a model that is conditioned on captions. */
    public List<String> labels() {
        return files.labels().map(labels -> labels.names()).orElse(List.of());
    }

    /** What its user should know of its files: a line each on what was guessed, left out or passed over. */
    public List<String> notices() {
        return files.notices();
    }

    /** Opens the device, if it is not there yet, and says in one line what it is and what it computes in. */
    public String description() {
        return exclusively(() -> device().description());
    }

    ModelFiles files() {
        return files;
    }

    /** Adds what errors depend on, by name. */
    void describe(SortedMap<String, String> settings) {
        files.describe(settings);
        settings.put("device", description());
    }

    /**
     * Does work on the device while no other thread does; waits until then.
     *
     * <p>All work is done by one thread, because CUDA's context and oneDNN's threads belong to the thread that uses them.
     */
    <T> T exclusively(Supplier<T> work) {
        return thread.call(work);
    }

    /** As {@link Networks#open}; called {@link #exclusively}. The caller gives it to {@link #release} in the end. */
    Networks.Opened open(Collection<String> prompts, TrialSpec trials, int noises, Integer batchSize) {
        requireOpen();
        if (networks == null) {
            networks = new Networks(files.load(device()), budget, log);
        }
        var opened = networks.open(List.copyOf(prompts), trials, noises,
                batchSize != null ? batchSize : deviceSpec.batchSize());
        scorers.push(opened);
        return opened;
    }

    /**
     * Puts what the model predicts to the test with the first image that it is shown, where it is a guess: see
     * {@link PredictionTrial}. Called {@link #exclusively}, before the image is evaluated.
     */
    void show(RgbImage image, Networks.Opened opened) {
        if (shownImage) {
            return;
        }
        shownImage = true;
        files.otherNoise().map(other -> networks.predictionTrial(other, opened, image))
                .filter(PredictionTrial::contradicts)
                .ifPresent(trial -> warning.accept(String.format(Locale.ROOT, "the model's error on the first image is "
                        + "%.4f if it predicts epsilon, as it is taken to, and %.4f if v: does it predict v?",
                        trial.assumed(), trial.other())));
    }

    /** Closes what {@link #open} gave, if the model has not been closed with it. */
    void release(Networks.Opened opened) {
        if (!closed) {
            exclusively(() -> {
                if (scorers.remove(opened)) {
                    opened.close();
                }
                return null;
            });
        }
    }

    /** @throws IllegalStateException if the model has been closed; called {@link #exclusively} */
    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    private Device device() {
        requireOpen();
        if (device == null) {
            files.readAhead();
            device = deviceSpec.open(budget);
            log.accept("native libraries loaded: " + device.description());
        }
        return device;
    }

    /** Frees the device and closes the files; classifiers made of it are of no use afterwards. */
    @Override
    public void close() {
        exclusively(() -> {
            if (closed) {
                return null;
            }
            closed = true;
            while (!scorers.isEmpty()) {
                scorers.pop().close();
            }
            if (networks != null) {
                networks.close();
            }
            files.close();
            if (device != null) {
                device.close();
            }
            return null;
        });
        thread.close();
    }
}
