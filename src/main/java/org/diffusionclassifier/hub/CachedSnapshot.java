package org.diffusionclassifier.hub;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;

/**
 * A repository at one commit, as far as it is in the cache.
 *
 * @param folder    where its files are
 * @param revisions the branches and tags that are this commit
 * @param files     the paths of all that can be read, relative to the folder, with slashes
 * @param bytes     of these; what several share counts once
 * @param contents  the blobs and copies that they are
 * @param faults    what of it cannot be read, and why, a line each
 */
public record CachedSnapshot(String commit, Path folder, SortedSet<String> revisions, List<String> files, long bytes,
                             Set<Path> contents, List<String> faults) {

    public CachedSnapshot {
        files = List.copyOf(files);
        contents = Set.copyOf(contents);
        faults = List.copyOf(faults);
    }
}
