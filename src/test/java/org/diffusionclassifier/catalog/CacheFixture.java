package org.diffusionclassifier.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A working directory, a home and a Hub's cache as huggingface_hub's file_download.py writes it: contents under
 * {@code blobs}, snapshots of links to them, and {@code refs}. Blobs here are named by running numbers, as readers do
 * not look into their names.
 *
 * @param root the folder of all that
 */
public record CacheFixture(Path root) {

    /** Where names are looked up, without a network. */
    public ModelNames names(String... variables) {
        var environment = new HashMap<>(Map.of("HF_HUB_CACHE", cache().toString(), "HF_HUB_OFFLINE", "1"));
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return new ModelNames(work(), environment, root.resolve("home"));
    }

    public Path cache() {
        return root.resolve("hub");
    }

    /** The working directory. */
    public Path work() {
        return root.resolve("work");
    }

    /** Puts all files of a folder into the cache, as a repository at a commit that {@code ref} is. */
    public Path snapshot(String repository, String commit, String ref, Path files) throws IOException {
        Path snapshot = null;
        try (Stream<Path> paths = Files.walk(files)) {
            for (Path file : paths.filter(Files::isRegularFile).sorted().toList()) {
                snapshot = add(repository, commit, files.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        refer(repository, commit, ref);
        return snapshot;
    }

    /** Adds a file. @return the snapshot */
    public Path add(String repository, String commit, String path, byte[] content) throws IOException {
        Path folder = folder(repository);
        Path blobs = Files.createDirectories(folder.resolve("blobs"));
        Path blob;
        try (Stream<Path> there = Files.list(blobs)) {
            blob = Files.write(blobs.resolve(String.format("%040x", there.count())), content);
        }
        Path snapshot = folder.resolve("snapshots").resolve(commit);
        Path link = snapshot.resolve(path);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, link.getParent().relativize(blob));
        return snapshot;
    }

    public void refer(String repository, String commit, String ref) throws IOException {
        Files.createDirectories(folder(repository).resolve("refs"));
        Files.writeString(folder(repository).resolve("refs").resolve(ref), commit);
    }

    private Path folder(String repository) {
        return cache().resolve("models--" + repository.replace("/", "--"));
    }
}
