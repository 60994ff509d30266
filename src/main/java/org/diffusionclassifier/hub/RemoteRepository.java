package org.diffusionclassifier.hub;

import java.util.List;
import java.util.Optional;

/**
 * What the Hub says of a repository at a revision.
 *
 * @param commit  the hash that the revision stands for now
 * @param files   all of them, in the order of their paths
 * @param licence as its card names it, {@code openrail++}
 * @param gate    whom its files are for
 */
public record RemoteRepository(RepositoryName name, Revision revision, String commit, List<RemoteFile> files,
                               Optional<String> licence, Gate gate) {

    /** Whether something must be accepted on the repository's page before its files can be had. */
    public enum Gate {
        /** Nothing. */
        NONE,
        /** Its terms; access follows at once. */
        AUTOMATIC,
        /** Its terms; its owners then decide. */
        MANUAL
    }

    public RemoteRepository {
        files = List.copyOf(files);
    }

    /** The file of that path. */
    public Optional<RemoteFile> file(String path) {
        return files.stream().filter(file -> file.path().equals(path)).findFirst();
    }
}
