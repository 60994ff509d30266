package org.diffusionclassifier.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.TokenizerSource;
import org.diffusionclassifier.hub.HubCache;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.HubSettings;
import org.diffusionclassifier.tensor.InputException;

/**
 * What the name of a model means here. In this order:
 *
 * <pre>
 *   a path that exists               that path
 *   demo                             the bundled model
 *   NAME                             NAME.safetensors in the working directory;
 *                                    NAME or NAME.safetensors in the folder of models
 *   org/name[@revision][:file]       a model in the Hub's cache
 * </pre>
 *
 * A path that exists is never anything else; of the rest, a name that has several meanings is refused. Nothing is
 * fetched. The environment is read when a name is looked up that needs it, so that a wrong value in it harms no other.
 */
public final class ModelNames implements TokenizerSource {

    /** The bundled model. */
    public static final String BUNDLED = "demo";

    /** The environment variable of the folder of models. */
    public static final String MODELS_VARIABLE = "DIFFUSION_CLASSIFIER_MODELS";

    static final String SUFFIX = ".safetensors";

    private final Path workingDirectory;
    private final Map<String, String> environment;
    private final Path home;

    /**
     * @param workingDirectory what relative paths are relative to
     * @param environment      variables by name: {@link #MODELS_VARIABLE}, and those of {@link HubSettings}
     * @param home             the user's home directory
     */
    public ModelNames(Path workingDirectory, Map<String, String> environment, Path home) {
        this.workingDirectory = workingDirectory;
        this.environment = Map.copyOf(environment);
        this.home = home;
    }

    /** As this process sees them. */
    public static ModelNames ofSystem() {
        return new ModelNames(Path.of(""), System.getenv(), Path.of(System.getProperty("user.home")));
    }

    /** Where the Hub and its cache are. @throws InputException for a variable with a wrong value */
    public HubSettings hub() {
        return HubSettings.of(environment, home);
    }

    /** What relative paths are relative to. */
    public Path workingDirectory() {
        return workingDirectory;
    }

    /** The folder of models, which need not exist. */
    public Path models() {
        String given = environment.getOrDefault(MODELS_VARIABLE, "");
        return workingDirectory.resolve(given.isBlank() ? "models" : given);
    }

    /**
     * The model of that name.
     *
     * @return its place; the bundled model's is null, as in {@link ModelSpec}; empty if there is none
     * @throws InputException if it could be several, or what is of it in the Hub's cache cannot be read
     */
    public Optional<ModelSpec> find(String name) {
        Path path = path(name);
        if (Files.exists(path)) {
            return Optional.of(ModelSpec.of(path));
        }
        var found = new LinkedHashMap<String, ModelSpec>();     // by what messages call them
        if (name.equals(BUNDLED)) {
            found.put("the bundled model (which no name means, too)", ModelSpec.bundled());
        }
        localFiles(name).forEach(file -> found.put(file.toString(), ModelSpec.of(file)));
        if (HubName.is(name)) {
            HubName hubName = HubName.of(name);
            inCache(hubName).ifPresent(place ->
                    found.put(hubName + " in " + hub().cache(), ModelSpec.of(place)));
        }
        if (found.size() > 1) {
            throw new InputException(name + ": expected one model of that name, found "
                    + String.join(" and ", found.keySet()) + "; give the path of the one that is meant");
        }
        return found.values().stream().findFirst();
    }

    /**
     * As {@link #find}.
     *
     * @throws InputException as {@link #find}, and if there is none, with how to get it
     */
    public ModelSpec get(String name) {
        return find(name).orElseThrow(() -> missing(name));
    }

    /** Why there is no model of that name, and the command that gets it. */
    public InputException missing(String name) {
        if (!HubName.is(name)) {
            return new InputException(name + ": no such file or folder, and no model of that name in " + models()
                    + "; diffusion-classifier models lists those that are here");
        }
        HubName hubName = HubName.of(name);
        List<String> lacking = snapshot(hubName).map(SnapshotContents::of).map(SnapshotContents::lacking)
                .orElse(List.of());
        return new InputException(name + ": no such file or folder, and " + (lacking.isEmpty() ? "no such model"
                : "without its " + String.join(", ", lacking)) + " in " + hub().cache() + "; diffusion-classifier pull "
                + hubName + " gets it");
    }

    /** @throws InputException if it cannot be one */
    Path path(String name) {
        try {
            return workingDirectory.resolve(name);
        } catch (InvalidPathException e) {
            throw new InputException("expected a model's name or path, found " + InputException.quoted(name), e);
        }
    }

    /** Each file once, even where the folder of models is the working directory. */
    List<Path> localFiles(String name) {
        var files = new LinkedHashMap<Path, Path>();
        Path models = models();
        for (Path file : List.of(path(name + SUFFIX), models.resolve(name), models.resolve(name + SUFFIX))) {
            boolean within = file.normalize().startsWith(models.normalize()) || file.equals(path(name + SUFFIX));
            if (within && Files.exists(file)) {
                try {
                    files.putIfAbsent(file.toRealPath(), file);
                } catch (IOException e) {
                    throw InputException.unreadable(file, e);
                }
            }
        }
        return List.copyOf(files.values());
    }

    private Optional<Path> snapshot(HubName name) {
        return new HubCache(hub()).snapshot(name.repository(), name.revision());
    }

    private Optional<Path> inCache(HubName name) {
        Optional<Path> snapshot = snapshot(name);
        if (snapshot.isEmpty() || name.file().isPresent()) {
            return snapshot.map(folder -> folder.resolve(name.file().orElseThrow())).filter(Files::isRegularFile);
        }
        Path folder = snapshot.get();
        SnapshotContents contents = SnapshotContents.of(folder);
        if (contents.isDirectory()) {
            return snapshot.filter(whole -> contents.lacking().isEmpty());
        }
        if (contents.files().size() > 1) {
            throw new InputException(name + ": expected one file of a model, found " + String.join(" and ",
                    contents.files().stream().map(file -> name.withFile(file).toString()).toList())
                    + "; give the one that is meant");
        }
        return contents.files().stream().findFirst().map(folder::resolve);
    }

    /** That of the model's kind in the Hub's cache. */
    @Override
    public Optional<Path> tokenizer(int width) {
        return PublicTokenizer.of(width).flatMap(tokenizer -> tokenizer.find(hub()));
    }

    @Override
    public String hint(int width) {
        return PublicTokenizer.of(width).map(tokenizer -> "; diffusion-classifier pull --tokenizer FILE gets the one "
                + "of " + tokenizer.name()).orElse("");
    }
}
