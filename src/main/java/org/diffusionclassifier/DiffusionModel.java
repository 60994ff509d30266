package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.prompt.PromptSpec;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;

/**
 * An open model, on one device or several: what classifiers are made of. Loading reads and checks the model's
 * configurations; devices are opened and the networks are loaded when they are first needed, and stay until the model
 * is closed.
 *
 * <pre>
 *     try (var model = DiffusionModel.load(Path.of("sd2.safetensors"));
 *          var classifier = model.classifier("cat", "dog", "fox")) {
 *         Classification answer = classifier.classify(Path.of("photo.jpg"));
 *         System.out.println(answer.best());            // name, probability, margin, pairs
 *     }
 * </pre>
 *
 * <p><b>Threads.</b> A model and all that is made of it may be used from any thread. A device does one evaluation at a
 * time: a second thread waits until the image in hand is done.
 *
 * <p>Whatever is wrong with what is given ends in an {@link InputException}, at the latest with the first question; a
 * failure of the device in an {@link org.diffusionclassifier.device.DeviceException}.
 */
public final class DiffusionModel implements AutoCloseable {

    private final List<Replica> replicas;
    private final ModelFiles files;

    /** @param files the first replica's */
    private DiffusionModel(List<Replica> replicas, ModelFiles files) {
        this.replicas = List.copyOf(replicas);
        this.files = files;
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

    /** Says which model, and on which devices. */
    public static final class Builder {

        private ModelSpec model = ModelSpec.bundled();
        private String name;
        private ModelNames names = ModelNames.ofSystem();
        private DeviceSpec device = DeviceSpec.DEFAULT;
        private Replica.Opener opener = (name, budget) -> device.open(name, budget);
        private boolean checkFinite;
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

        /** Everything about the devices at once. */
        public Builder device(DeviceSpec spec) {
            device = spec;
            return this;
        }

        /** @param names a device, or several separated by commas, as {@link DeviceName#list} reads them */
        public Builder device(String names) {
            device = device.withDevice(names);
            return this;
        }

        /** What opens the devices, for tests of devices that fail. */
        Builder opener(Replica.Opener other) {
            opener = other;
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

        /** Looks at what every layer writes, and ends at the first that is not finite, naming it; slow. */
        public Builder checkFinite(boolean each) {
            checkFinite = each;
            return this;
        }

        /** @param lines gets a line whenever something was loaded */
        public Builder log(Consumer<String> lines) {
            log = lines;
            return this;
        }

        /** @param lines gets what only the device or the first image shows to be doubtful, a line each */
        public Builder warning(Consumer<String> lines) {
            warning = lines;
            return this;
        }

        /**
         * Opens the files, once a device: each has the weights from the same pages of the system's cache.
         *
         * @throws InputException if there is none, it is no model, lacks a part, or does not go with what was said
         * @throws org.diffusionclassifier.device.DeviceException if all cards are asked for, and the driver cannot be
         *                                                        used
         */
        public DiffusionModel load() {
            List<DeviceName> devices = device.devicesOfThisMachine();
            ModelSpec spec = name == null ? model : model.at(names.get(name).path());
            var replicas = new ArrayList<Replica>();
            try {
                var first = ModelFiles.open(spec, names);
                replicas.add(replica(devices.get(0), first, devices.size() == 1, warning));
                for (DeviceName other : devices.subList(1, devices.size())) {
                    replicas.add(replica(other, ModelFiles.open(spec, names), false, line -> { }));
                }
                return new DiffusionModel(replicas, first);
            } catch (RuntimeException e) {
                replicas.forEach(Replica::close);
                throw e;
            }
        }

        private Replica.Opener opener() {
            return !checkFinite ? opener : (name, budget) -> {
                Device opened = opener.open(name, budget);
                opened.checkFinite();
                return opened;
            };
        }

        private Replica replica(DeviceName on, ModelFiles files, boolean alone, Consumer<String> warnings) {
            try {
                WeightsBudget budget = device.weightsBudget() == null ? WeightsBudget.unlimited()
                        : device.budget(files.largestLayer());
                return new Replica(on, opener(), files, budget, device.batchSize(),
                        alone ? log : line -> log.accept(on + ": " + line), warnings);
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
                Turning.UPRIGHT, () -> { });
    }

    /** The names of the labels that it is conditioned on; empty for a model that is conditioned on captions. */
    public List<String> labels() {
        return files.labels().map(labels -> labels.names()).orElse(List.of());
    }

    /** T: its timesteps are 0 to T − 1. */
    public int timesteps() {
        return files.latents().noise().timesteps();
    }

    /** What its user should know of its files: a line each on what was guessed, left out or passed over. */
    public List<String> notices() {
        return files.notices();
    }

    /**
     * Opens the devices, if they are not there yet, and says in one line what they are and what they compute in: each
     * kind once, with how many there are of it.
     */
    public String description() {
        return Replica.onEach(replicas, Replica::description).stream()
                .collect(Collectors.groupingBy(kind -> kind, TreeMap::new, Collectors.counting())).entrySet().stream()
                .map(kind -> (kind.getValue() == 1 ? "" : kind.getValue() + " × ") + kind.getKey())
                .collect(Collectors.joining("; "));
    }

    /** The names of its devices, as {@code cuda:1}. */
    public List<String> devices() {
        return replicas.stream().map(replica -> replica.name().toString()).toList();
    }

    ModelFiles files() {
        return files;
    }

    /** Adds what errors depend on, by name: of devices, which kinds there are, not how many. */
    void describe(SortedMap<String, String> settings) {
        files.describe(settings);
        settings.put("device", Replica.onEach(replicas, Replica::description).stream().distinct().sorted()
                .collect(Collectors.joining("; ")));
    }

    /** One a device. */
    List<Replica> replicas() {
        return replicas;
    }

    /** Frees the devices and closes the files; classifiers made of it are of no use afterwards. */
    @Override
    public void close() {
        replicas.forEach(Replica::close);
    }
}
