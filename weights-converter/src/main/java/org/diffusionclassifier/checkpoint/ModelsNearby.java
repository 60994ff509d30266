package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where a model is that was looked for in a directory which is none: in a folder below, such as the snapshots of a
 * repository in the Hub's cache ({@code models--ORG--NAME/snapshots/COMMIT}); above, if the directory is one component;
 * or in one file.
 */
final class ModelsNearby {

    /** How deep to look: from the cache's own directory to a snapshot. */
    private static final int DEPTH = 3;

    /** How many files and folders to look at, as any directory may have been given. */
    private static final int MOST_VISITED = 2000;

    /** How many of what is found are named. */
    private static final int MOST_NAMED = 3;

    private static final String WEIGHTS = "(?i).*\\.(safetensors|sft|ckpt|pth?|bin)";

    private ModelsNearby() {
    }

    /** What follows "found no INDEX" in a message: a path to give instead, or nothing. */
    static String hint(Path directory, String index) {
        Path parent = directory.toAbsolutePath().normalize().getParent();
        if (parent != null && DiffusersDirectory.isComponent(directory) && Files.exists(parent.resolve(index))) {
            return "; it is one component: give " + parent;
        }
        List<Path> models = find(directory, DEPTH, path -> Files.exists(path.resolve(index)));
        if (!models.isEmpty()) {
            return "; give " + named(models);
        }
        List<Path> files = find(directory, 1, path -> path.getFileName().toString().matches(WEIGHTS)
                && Files.isRegularFile(path));
        return files.isEmpty() ? "" : "; give " + named(files);
    }

    private static List<Path> find(Path directory, int depth, Predicate<Path> wanted) {
        try (Stream<Path> paths = Files.walk(directory, depth)) {
            return paths.limit(MOST_VISITED).skip(1).filter(wanted).sorted().toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();           // the message does without
        }
    }

    private static String named(List<Path> paths) {
        return paths.stream().limit(MOST_NAMED).map(Path::toString).collect(Collectors.joining(" or "))
                + (paths.size() > MOST_NAMED ? " or another" : "");
    }
}
