package org.diffusionclassifier.hub;

import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.tensor.InputException;

/**
 * What the cache has of a repository.
 *
 * @param snapshots in the order of their commits
 * @param bytes     on the disk, with what is shared counted once, and what of an unfinished pull has arrived
 * @param faults    what of it cannot be read, and why, a line each; those of snapshots are with these
 */
public record CachedRepository(RepositoryName name, List<CachedSnapshot> snapshots, long bytes, List<String> faults) {

    public CachedRepository {
        snapshots = List.copyOf(snapshots);
        faults = List.copyOf(faults);
    }

    /**
     * The snapshot that a revision means: by a branch or a tag of that name, else by a commit, whole or begun.
     *
     * @return empty if it is not in the cache
     * @throws InputException if several commits begin so
     */
    public Optional<CachedSnapshot> snapshot(Revision revision) {
        var named = snapshots.stream().filter(snapshot -> snapshot.revisions().contains(revision.value())).findFirst();
        if (named.isPresent() || !revision.isCommit() && !revision.isShortCommit()) {
            return named;
        }
        var begun = snapshots.stream().filter(snapshot -> snapshot.commit().startsWith(revision.value())).toList();
        if (begun.size() > 1) {
            throw new InputException(name + ": expected one commit that begins with " + revision + ", found "
                    + String.join(", ", begun.stream().map(CachedSnapshot::commit).toList()));
        }
        return begun.stream().findFirst();
    }
}
