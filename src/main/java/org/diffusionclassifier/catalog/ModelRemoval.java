package org.diffusionclassifier.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.diffusionclassifier.hub.HubCache;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.Removal;
import org.diffusionclassifier.tensor.InputException;

/**
 * What would go if a model was removed: a file in the working directory or the folder of models, or a revision of a
 * model in the Hub's cache. Nothing has gone before {@link #run}.
 *
 * @param what    for people: the file, or the model and where it is
 * @param removal what goes and what stays
 */
public record ModelRemoval(String what, Removal removal) {

    /**
     * @param name as {@link ModelNames} has it; of paths only those of files in one of the two folders
     * @throws InputException if there is no such model, there are several, or it cannot be removed
     */
    public static ModelRemoval of(ModelNames names, String name) {
        var found = new ArrayList<ModelRemoval>();
        localFile(names, name).ifPresent(found::add);
        if (HubName.is(name)) {
            inCache(names, HubName.of(name)).ifPresent(found::add);
        }
        if (found.size() > 1) {
            throw new InputException(name + ": expected one model of that name, found "
                    + String.join(" and ", found.stream().map(ModelRemoval::what).toList()));
        }
        return found.stream().findFirst().orElseThrow(() -> new InputException(name + ": "
                + (name.equals(ModelNames.BUNDLED) ? "the bundled model is part of the program"
                : "no file of a model of that name in the working directory or in " + names.models()
                        + ", nor a model in " + names.hub().cache())));
    }

    private static Optional<ModelRemoval> localFile(ModelNames names, String name) {
        Path exact = names.path(name);
        List<Path> files = (Files.exists(exact) ? Stream.of(exact) : names.localFiles(name).stream())
                .filter(file -> isDirectlyIn(file, names.workingDirectory()) || isDirectlyIn(file, names.models()))
                .toList();
        if (files.size() > 1) {
            throw new InputException(name + ": expected one model of that name, found " + String.join(" and ",
                    files.stream().map(Path::toString).toList()) + "; give the path of the one that is meant");
        }
        return files.stream().findFirst().map(ModelRemoval::ofFile);
    }

    private static boolean isDirectlyIn(Path file, Path folder) {
        return folder.toAbsolutePath().normalize().equals(file.toAbsolutePath().normalize().getParent());
    }

    private static ModelRemoval ofFile(Path file) {
        try {
            boolean link = Files.isSymbolicLink(file);
            if (!link && !LocalModels.isModelFile(file)) {
                throw new InputException(file + ": expected a model's file to remove, found "
                        + (Files.isDirectory(file) ? "a folder" : "another file"));
            }
            long bytes = link ? 0 : Files.size(file);
            return new ModelRemoval(file.toString(), new Removal(List.of(file), bytes, List.of()));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private static Optional<ModelRemoval> inCache(ModelNames names, HubName name) {
        if (name.file().isPresent()) {
            throw new InputException(name + ": expected a model, or a revision of one, found one file of it");
        }
        var cache = new HubCache(names.hub());
        // A pull that has just begun has no snapshot yet; what has arrived goes with the folder.
        return cache.repository(name.repository()).map(found -> new ModelRemoval(name + " in " + names.hub().cache(),
                found.snapshots().isEmpty() ? cache.removal(name.repository())
                        : cache.removal(name.repository(), name.revision())));
    }

    /** Removes it. @throws InputException if something cannot be removed */
    public void run() {
        removal.run();
    }
}
