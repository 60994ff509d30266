package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * What would go, and what would stay, if something was removed from the cache. Nothing has gone before {@link #run}.
 *
 * @param paths  files and folders, in the order in which they go
 * @param bytes  that it frees
 * @param shared contents that stay, as other revisions need them
 */
public record Removal(List<Path> paths, long bytes, List<Shared> shared) {

    /**
     * A content that stays.
     *
     * @param commits of the snapshots that have it
     */
    public record Shared(Path content, long bytes, List<String> commits) {
    }

    public Removal {
        paths = List.copyOf(paths);
        shared = List.copyOf(shared);
    }

    static Removal of(List<Path> paths, List<Shared> shared) {
        var counted = new HashSet<Path>();      // a folder may come after one that is in it
        var bytes = new long[1];
        for (Path path : paths) {
            HubCache.Visit count = (file, attributes) ->
                    bytes[0] += attributes.isRegularFile() && counted.add(file) ? attributes.size() : 0;
            if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    count.file(path, Files.readAttributes(path, BasicFileAttributes.class));
                } catch (IOException e) {
                    throw InputException.unreadable(path, e);
                }
            } else {
                HubCache.walk(path, count);
            }
        }
        return new Removal(paths, bytes[0], shared);
    }

    /**
     * Removes it. Links are not followed.
     *
     * @throws InputException if something cannot be removed
     */
    public void run() {
        for (Path path : paths) {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            try {
                Files.walkFileTree(path, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
                        if (e != null) {
                            throw e;
                        }
                        Files.delete(folder);
                        return FileVisitResult.CONTINUE;
                    }
                });
            } catch (IOException e) {
                throw InputException.unwritable(path, e);
            }
        }
    }
}
