package org.diffusionclassifier.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.catalog.ListedModel.Place;
import org.diffusionclassifier.checkpoint.ConvertedFile;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.WeightsFile;
import org.diffusionclassifier.checkpoint.original.OriginalNaming;
import org.diffusionclassifier.hub.CachedRepository;
import org.diffusionclassifier.hub.CachedSnapshot;
import org.diffusionclassifier.hub.HubCache;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.Revision;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The models that {@link ModelNames} finds: the bundled one, those in the working directory and the folder of models,
 * and those in the Hub's cache, in this order.
 */
public final class LocalModels {

    private static final String INDEX = "model_index.json";
    private static final Pattern FILE = Pattern.compile("(?i).*\\.(?:safetensors|ckpt)");
    private static final int SHORT_COMMIT = 8;

    private final ModelNames names;

    public LocalModels(ModelNames names) {
        this.names = names;
    }

    /** Their names alone, which is quick: no file is opened. */
    public List<String> names() {
        var all = new ArrayList<>(List.of(ModelNames.BUNDLED));
        localFiles().forEach(file -> all.add(name(file)));
        for (CachedRepository repository : new HubCache(names.hub()).repositories()) {
            repository.snapshots().forEach(snapshot -> all.add(name(repository, snapshot).toString()));
        }
        return all;
    }

    /**
     * All of them, each with whether it can be loaded.
     *
     * @throws InputException if a folder cannot be read, or an environment variable has a wrong value
     */
    public List<ListedModel> list() {
        var models = new ArrayList<ListedModel>();
        models.add(bundled());
        for (Path file : localFiles()) {
            if (Files.isDirectory(file) || isModel(file)) {
                models.add(checked(name(file), Place.FILE, file, bytes(file)));
            }
        }
        for (CachedRepository repository : new HubCache(names.hub()).repositories()) {
            add(repository, models);
        }
        return models;
    }

    private ListedModel bundled() {
        try (var bundled = BundledModel.open()) {
            LoadCheck check = LoadCheck.of(ModelSpec.of(bundled.root()), names);
            return new ListedModel(ModelNames.BUNDLED, Place.BUNDLED, null, bytes(bundled.root()), check.family(),
                    check.fault());
        }
    }

    private ListedModel checked(String name, Place place, Path path, long bytes) {
        LoadCheck check = LoadCheck.of(ModelSpec.of(path), names);
        return new ListedModel(name, place, path, bytes, check.family(), check.fault());
    }

    /** What may be models by their names, each once. */
    private List<Path> localFiles() {
        var files = new LinkedHashSet<Path>();
        var seen = new LinkedHashSet<Path>();
        for (Path folder : List.of(names.workingDirectory(), names.models())) {
            // Path.of("") is the working directory to Files.exists, but not to Files.list.
            Path listed = folder.toString().isEmpty() ? Path.of(".") : folder;
            if (!Files.isDirectory(listed)) {
                continue;
            }
            try (Stream<Path> entries = Files.list(listed)) {
                for (Path entry : entries.sorted().toList()) {
                    if ((isModelFile(entry) || Files.exists(entry.resolve(INDEX))) && seen.add(entry.toRealPath())) {
                        files.add(folder.resolve(entry.getFileName()));
                    }
                }
            } catch (IOException e) {
                throw InputException.unreadable(folder, e);
            }
        }
        return List.copyOf(files);
    }

    /** Whether it is a file that has a model's suffix. */
    static boolean isModelFile(Path file) {
        return FILE.matcher(file.getFileName().toString()).matches() && Files.isRegularFile(file);
    }

    /** Whether a file holds a model, or might if it was not damaged; a LoRA or a part of a model is none. */
    private static boolean isModel(Path file) {
        try (Weights weights = WeightsFile.openStored(file)) {
            return ConvertedFile.isOne(weights) || OriginalNaming.isOne(weights);
        } catch (InputException e) {
            return true;        // listed with what is wrong with it
        }
    }

    /** Its name without its suffix, where that is found and means nothing else; else its path. */
    private String name(Path file) {
        String whole = file.getFileName().toString();
        String name = whole.endsWith(ModelNames.SUFFIX)
                ? whole.substring(0, whole.length() - ModelNames.SUFFIX.length()) : whole;
        try {
            return names.find(name).map(ModelSpec::path).filter(found -> found.equals(file)).map(found -> name)
                    .orElse(file.toString());
        } catch (InputException e) {
            return file.toString();
        }
    }

    private static HubName name(CachedRepository repository, CachedSnapshot snapshot) {
        var revision = snapshot.revisions().contains(Revision.MAIN.value()) ? Revision.MAIN
                : new Revision(snapshot.revisions().isEmpty() ? snapshot.commit().substring(0, SHORT_COMMIT)
                        : snapshot.revisions().first());
        return HubName.of(repository.name(), revision);
    }

    private void add(CachedRepository repository, List<ListedModel> models) {
        repository.snapshots().forEach(snapshot -> add(name(repository, snapshot), snapshot, models));
        if (repository.snapshots().isEmpty()) {
            String fault = repository.faults().stream().findFirst().orElse("nothing of it has arrived yet");
            models.add(new ListedModel(repository.name().value(), Place.HUB, null, repository.bytes(), Optional.empty(),
                    Optional.of(new InputException(fault))));
        }
    }

    private void add(HubName name, CachedSnapshot snapshot, List<ListedModel> models) {
        if (!snapshot.faults().isEmpty()) {
            models.add(faulty(name, snapshot, snapshot.faults().get(0)));
            return;
        }
        SnapshotContents contents = SnapshotContents.of(snapshot.folder());
        if (!contents.lacking().isEmpty()) {
            models.add(faulty(name, snapshot, "without its " + String.join(", ", contents.lacking())));
        } else if (contents.isDirectory()) {
            models.add(checked(name.toString(), Place.HUB, snapshot.folder(), snapshot.bytes()));
        } else if (contents.files().isEmpty()) {
            models.add(faulty(name, snapshot, "no model: no " + INDEX + ", and no file of weights"));
        } else if (contents.files().size() == 1) {
            models.add(checked(name.toString(), Place.HUB, snapshot.folder().resolve(contents.files().get(0)),
                    snapshot.bytes()));
        } else {
            addFiles(name, snapshot, contents.files(), models);
        }
    }

    /** Those files of a repository that are models, or a line for all where none is, as of a model in shards. */
    private void addFiles(HubName name, CachedSnapshot snapshot, List<String> files, List<ListedModel> models) {
        List<String> own = files.stream().filter(file -> isModel(snapshot.folder().resolve(file))).toList();
        if (own.isEmpty()) {
            models.add(faulty(name, snapshot, "no model: none of its " + files.size() + " files of weights is one"));
        }
        for (String file : own) {
            Path path = snapshot.folder().resolve(file);
            models.add(checked(name.withFile(file).toString(), Place.HUB, path, bytes(path)));
        }
    }

    private static ListedModel faulty(HubName name, CachedSnapshot snapshot, String fault) {
        return new ListedModel(name.toString(), Place.HUB, snapshot.folder(), snapshot.bytes(), Optional.empty(),
                Optional.of(new InputException(fault)));
    }

    private static long bytes(Path path) {
        try (Stream<Path> files = Files.walk(path)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        } catch (UncheckedIOException e) {      // of the walk
            throw InputException.unreadable(path, e.getCause());
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }
}
