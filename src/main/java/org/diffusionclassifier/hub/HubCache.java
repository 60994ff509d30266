package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * The models that are in the Hub's cache, whoever brought them there ({@link RepositoryFolder} has the layout). Reads
 * names and sizes, no contents. A link that leads out of the cache, or to nothing, is a fault of its snapshot, and no
 * other's.
 */
public final class HubCache {

    private final Path root;

    public HubCache(HubSettings settings) {
        this.root = settings.cache();
    }

    /**
     * All models, in the order of their names; none where there is no cache.
     *
     * @throws InputException if a folder cannot be read
     */
    public List<CachedRepository> repositories() {
        return names(root).stream().map(RepositoryName::ofFolder).flatMap(Optional::stream)
                .map(this::repository).flatMap(Optional::stream).toList();
    }

    /** What there is of a model; empty if nothing. @throws InputException if a folder cannot be read */
    public Optional<CachedRepository> repository(RepositoryName name) {
        var folder = new RepositoryFolder(root, name);
        if (!Files.isDirectory(folder.root())) {
            return Optional.empty();
        }
        if (!isInside(folder.root())) {
            return Optional.of(new CachedRepository(name, List.of(), 0, List.of(out(folder.root()))));
        }
        var faults = new ArrayList<String>();
        Map<String, Set<String>> revisions = revisions(folder, faults);
        var snapshots = new ArrayList<CachedSnapshot>();
        for (String commit : names(folder.snapshots())) {
            if (new Revision(commit).isCommit()) {
                snapshots.add(snapshot(folder.snapshot(commit), revisions.getOrDefault(commit, Set.of())));
                revisions.remove(commit);
            }
        }
        revisions.forEach((commit, names) -> faults.add(name + ": " + String.join(", ", names) + ": commit " + commit
                + " is not in the cache; pull the model again"));
        return Optional.of(new CachedRepository(name, snapshots, bytes(folder.root()), faults));
    }

    /**
     * The folder of a model's files at a revision, ready to be opened; empty if it is not in the cache.
     *
     * @throws InputException if several commits begin as {@code revision} does, or a file's content is missing or
     *                        outside of the cache
     */
    public Optional<Path> snapshot(RepositoryName name, Revision revision) {
        Optional<CachedRepository> repository = repository(name);
        Optional<CachedSnapshot> snapshot = repository.flatMap(found -> found.snapshot(revision));
        Stream.concat(repository.filter(found -> found.snapshots().isEmpty()).stream()
                                .flatMap(found -> found.faults().stream()),
                        snapshot.stream().flatMap(found -> found.faults().stream()))
                .findFirst().ifPresent(fault -> {
                    throw new InputException(fault);
                });
        return snapshot.map(CachedSnapshot::folder);
    }

    /** Branches and tags by their commits. */
    private static Map<String, Set<String>> revisions(RepositoryFolder folder, Collection<String> faults) {
        var revisions = new TreeMap<String, Set<String>>();
        walk(folder.refs(), (file, attributes) -> {
            String commit = attributes.isRegularFile() && attributes.size() <= 64 ? Files.readString(file).strip() : "";
            if (!commit.matches("[0-9a-f]{40}")) {
                faults.add(file + ": expected a commit, found something else");
                return;
            }
            revisions.computeIfAbsent(commit, none -> new TreeSet<>()).add(relative(folder.refs(), file));
        });
        return revisions;
    }

    private CachedSnapshot snapshot(Path folder, Collection<String> revisions) {
        var files = new TreeSet<String>();
        var contents = new LinkedHashMap<Path, Long>();
        var faults = new ArrayList<String>();
        if (!isInside(folder)) {
            faults.add(out(folder));
        } else {
            walk(folder, (file, attributes) -> {
                if (!Files.exists(file)) {
                    faults.add(file + ": its content is missing from the cache; pull the model again");
                } else if (!isInside(file) || Files.isDirectory(file)) {
                    faults.add(out(file));
                } else {
                    Path content = file.toRealPath();
                    files.add(relative(folder, file));
                    contents.put(content, Files.size(content));
                }
            });
        }
        return new CachedSnapshot(folder.getFileName().toString(), folder, new TreeSet<>(revisions), List.copyOf(files),
                contents.values().stream().mapToLong(Long::longValue).sum(), contents.keySet(), faults);
    }

    private static String out(Path link) {
        return link + ": expected a file of the cache, found a link that leads out of it";
    }

    private boolean isInside(Path path) {
        try {
            return path.toRealPath().startsWith(root.toRealPath());
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }

    private static long bytes(Path folder) {
        var bytes = new long[1];
        walk(folder, (file, attributes) -> bytes[0] += attributes.isRegularFile() ? attributes.size() : 0);
        return bytes[0];
    }

    private static String relative(Path folder, Path file) {
        return folder.relativize(file).toString().replace('\\', '/');
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    /** What to do with a file or a link, which is not followed. */
    @FunctionalInterface
    interface Visit {

        void file(Path file, BasicFileAttributes attributes) throws IOException;
    }

    /** Visits all files and links below a folder, or nothing where there is none. */
    static void walk(Path folder, Visit visit) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    visit.file(file, attributes);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;    // a pull has just finished with it
                    }
                    throw e;
                }
            });
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    /**
     * What it would take to remove a model with all its revisions.
     *
     * @throws InputException if it is not in the cache, or its folder is a link out of it
     */
    public Removal removal(RepositoryName name) {
        requireRepository(name);
        var folder = new RepositoryFolder(root, name);
        if (Files.isSymbolicLink(folder.root())) {
            throw new InputException(folder.root() + ": expected a folder, found a link");
        }
        // In this order a model is no longer found before it is no longer whole.
        return Removal.of(List.of(folder.refs(), folder.snapshots(), folder.root(), folder.locks()), List.of());
    }

    /**
     * What it would take to remove one revision of a model: all that no other revision needs.
     *
     * @throws InputException if it is not in the cache, or several commits begin so
     */
    public Removal removal(RepositoryName name, Revision revision) {
        CachedRepository repository = requireRepository(name);
        CachedSnapshot removed = repository.snapshot(revision).orElseThrow(() ->
                new InputException(name + ": no revision " + revision + " in " + root));
        var others = repository.snapshots().stream().filter(snapshot -> snapshot != removed).toList();
        if (others.isEmpty()) {
            return removal(name);
        }
        var folder = new RepositoryFolder(root, name);
        var paths = new ArrayList<Path>();
        removed.revisions().forEach(ref -> paths.add(folder.refs().resolve(ref)));
        paths.add(removed.folder());
        paths.add(folder.root().resolve(".no_exist").resolve(removed.commit()));
        paths.add(folder.root().resolve("trees").resolve(removed.commit() + ".json"));
        var shared = new ArrayList<Removal.Shared>();
        for (Path content : new TreeSet<>(removed.contents())) {
            var users = others.stream().filter(other -> other.contents().contains(content))
                    .map(CachedSnapshot::commit).toList();
            if (users.isEmpty()) {
                paths.add(content);
            } else {
                shared.add(new Removal.Shared(content, size(content), users));
            }
        }
        return Removal.of(paths, shared);
    }

    private CachedRepository requireRepository(RepositoryName name) {
        return repository(name).orElseThrow(() -> new InputException(name + ": not in " + root));
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }
}
