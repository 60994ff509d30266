package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.original.LegacyVaeWeights;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * A model as diffusers' {@code save_pretrained} lays it out: model_index.json, a folder for each component, which has
 * config.json and weights as safetensors or as PyTorch's pickles, and folders of tokenizers and of the scheduler. The
 * autoencoder may be in a folder elsewhere. Of variants of weights ({@link WeightsVariants}) it takes the one that was
 * asked for. Works on any file system, the inside of a jar included.
 */
public final class DiffusersDirectory implements Checkpoint {

    private static final String MODEL_INDEX = "model_index.json";
    private static final String SCHEDULER = "scheduler/scheduler_config.json";
    private static final String CONFIG = "config.json";

    private final Path root;
    private final ModelSpec spec;
    private final JsonConfig index;
    private final Set<String> names;
    private final Map<String, Component> components = new LinkedHashMap<>();
    private final List<String> notices = new ArrayList<>();

    private DiffusersDirectory(ModelSpec spec) {
        this.root = spec.path();
        this.spec = spec;
        this.index = JsonConfig.read(root.resolve(MODEL_INDEX));
        this.names = names(root);
        if (spec.vae() != null) {
            components.put(VAE, vae(spec.vae()));
            names.add(VAE);
        }
        requireVariant();
    }

    /** Some component must have the variant that was asked for; others may have their plain weights only. */
    private void requireVariant() {
        Set<String> variants = names.stream().flatMap(name -> weights(root.resolve(name), name).names().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        if (spec.variant() != null && !variants.contains(spec.variant())) {
            throw InputException.of("%s: expected %s, found %s", InputException.field("variant"), variants.isEmpty()
                    ? "none with " + root + ", which has no variants of its weights"
                    : "one of " + String.join(", ", variants) + ", which " + root + " has", spec.variant());
        }
    }

    /** @throws InputException if it is no such directory, or something is said of it that it says itself */
    static DiffusersDirectory open(ModelSpec spec) {
        Path root = spec.path();
        if (!Files.isDirectory(root)) {
            throw new InputException(root + ": expected a diffusers model directory, found "
                    + (Files.exists(root) ? "a file" : "nothing"));
        }
        if (!Files.exists(root.resolve(MODEL_INDEX))) {
            throw new InputException(root + ": expected a diffusers model directory, found no " + MODEL_INDEX
                    + ModelsNearby.hint(root, MODEL_INDEX));
        }
        spec.refuseCompletion();
        return new DiffusersDirectory(spec);
    }

    /** An autoencoder in a folder by itself. @throws InputException if there is none */
    public static Component vae(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": expected the folder of a VAE, found "
                    + (Files.exists(folder) ? "a file" : "nothing"));
        }
        return component(folder, VAE, null);
    }

    /** Whether a folder is meant to be a component by itself: it has a configuration, and no model's index. */
    public static boolean isComponent(Path folder) {
        return Files.exists(folder.resolve(CONFIG)) && !Files.exists(folder.resolve(MODEL_INDEX));
    }

    /** The components in folders of {@code root}. */
    static Set<String> names(Path root) {
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(folder -> Files.exists(folder.resolve(CONFIG)))
                    .map(folder -> folder.getFileName().toString().replace("/", "")).collect(TreeSet::new,
                            Set::add, Set::addAll);
        } catch (IOException e) {
            throw InputException.unreadable(root, e);
        }
    }

    /** A component in a folder of its own. */
    static Component component(Path folder, String name, String variant) {
        return new Component(JsonConfig.read(folder.resolve(CONFIG)),
                () -> today(name, weights(folder, name).choose(variant).open()));
    }

    /** The tensors under today's names, whichever version of diffusers or transformers wrote them. */
    private static Weights today(String name, Weights weights) {
        if (name.equals(VAE)) {
            return new LegacyVaeWeights(weights);
        }
        return TextModelWeights.isOne(weights) ? new TextModelWeights(weights) : weights;
    }

    /** By transformers' names of files for a text encoder, by diffusers' for all else. */
    private static WeightsVariants weights(Path folder, String name) {
        return name.startsWith("text_encoder") ? new WeightsVariants(folder, "model", "pytorch_model")
                : new WeightsVariants(folder, "diffusion_pytorch_model", "diffusion_pytorch_model");
    }

    @Override
    public String source() {
        return root.toString();
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public Set<String> components() {
        return names;
    }

    @Override
    public synchronized Component component(String name) {
        return components.computeIfAbsent(name, missing -> {
            Path folder = folder(missing);
            weights(folder, missing).notice(spec.variant()).ifPresent(notices::add);
            return component(folder, missing, spec.variant());
        });
    }

    /** Of the components that were asked for so far. */
    @Override
    public synchronized List<String> notices() {
        return List.copyOf(notices);
    }

    private Path folder(String name) {
        Path folder = root.resolve(name);
        if (!Files.isDirectory(folder)) {
            throw new InputException(root + ": expected a model's " + name + ", found no folder " + name);
        }
        return folder;
    }

    @Override
    public TokenizerTables tokenizer(String name) {
        return TokenizerTables.read(folder(name));
    }

    @Override
    public JsonConfig scheduler() {
        folder(Layout.SCHEDULER);
        return JsonConfig.read(root.resolve(SCHEDULER));
    }

    @Override
    public JsonConfig index() {
        return index;
    }

    @Override
    public Map<String, Origin> origins(Layout layout) {
        var files = new ArrayList<>(List.of(root.resolve(MODEL_INDEX), root.resolve(SCHEDULER)));
        for (Layout.Part part : layout.parts()) {
            if (!part.component().equals(VAE) || spec.vae() == null) {
                files.addAll(files(root.resolve(part.component()), part.component(), spec.variant()));
            }
        }
        for (String tokenizer : layout.tokenizers()) {
            TokenizerTables.NAMES.stream().map(root.resolve(tokenizer)::resolve).filter(Files::exists)
                    .forEach(files::add);
        }
        var origins = new LinkedHashMap<>(Map.of(ConvertedFile.SOURCE, Origin.of(root, files)));
        if (spec.vae() != null) {
            origins.put(ConvertedFile.VAE_SOURCE, ofVae(spec.vae()));
        }
        return origins;
    }

    /** Where an autoencoder in a folder by itself comes from. */
    static Origin ofVae(Path folder) {
        return Origin.of(folder, files(folder, VAE, null));
    }

    /** All that is read of a component. */
    static List<Path> files(Path folder, String name, String variant) {
        var files = new ArrayList<>(List.of(folder.resolve(CONFIG)));
        files.addAll(weights(folder, name).choose(variant).files());
        return files;
    }

    @Override
    public synchronized void close() {
        components.values().forEach(Component::close);
    }
}
