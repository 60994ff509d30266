package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * Gives a snapshot's files their names, once their contents are whole: as links to blobs, or, where there are no links,
 * as the contents themselves, which then are no blobs any more. Everything gets its name by a move, so that a process
 * may end at any moment.
 */
final class SnapshotWriter {

    private static final String CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
            + "# This file marks a cache of models (https://bford.info/cachedir/).\n";

    private final RepositoryFolder folder;
    private final String commit;
    private final boolean symlinks;

    SnapshotWriter(RepositoryFolder folder, String commit, boolean symlinks) {
        this.folder = folder;
        this.commit = commit;
        this.symlinks = symlinks;
    }

    /** @throws InputException if there cannot be such folders, or one is a link out of the cache */
    void prepare() {
        try {
            Files.createDirectories(folder.cache());
            var tag = folder.cache().resolve("CACHEDIR.TAG");
            if (Files.notExists(tag)) {
                Files.writeString(tag, CACHE_TAG);
            }
            for (Path needed : List.of(folder.blobs(), folder.refs(), folder.snapshot(commit), folder.locks())) {
                Files.createDirectories(needed);
                requireInside(needed);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.root(), e);
        }
    }

    private void requireInside(Path path) throws IOException {
        if (!path.toRealPath().startsWith(folder.cache().toRealPath())) {
            throw new InputException(path + ": expected to stay in " + folder.cache() + ", found a link out of it");
        }
    }

    /** Whether all files of one content are in the snapshot, or wait for nothing but their links. */
    boolean has(BlobHash hash, List<RemoteFile> files) {
        return isWhole(folder.blob(hash), files.get(0))
                || files.stream().allMatch(file -> isWhole(target(file), file));
    }

    /** Whether a content is there; only whole ones have their names, so that the size is enough. */
    private static boolean isWhole(Path path, RemoteFile file) {
        try {
            return Files.isRegularFile(path) && Files.size(path) == file.size();
        } catch (IOException e) {
            return false;
        }
    }

    private Path target(RemoteFile file) {
        return folder.snapshot(commit).resolve(file.path());
    }

    /**
     * The files that all have the content of a blob get it. Has to be called under the blob's lock.
     *
     * @throws InputException if they cannot be written
     */
    void place(BlobHash hash, List<RemoteFile> files) {
        Path blob = folder.blob(hash);
        for (Iterator<RemoteFile> left = files.iterator(); left.hasNext(); ) {
            Path target = target(left.next());
            try {
                Files.createDirectories(target.getParent());
                requireInside(target.getParent());
                if (Files.exists(blob) && !(symlinks && link(blob, target))) {
                    settle(blob, target, left.hasNext());
                }
            } catch (IOException e) {
                throw InputException.unwritable(target, e);
            }
        }
    }

    /** Makes a relative link, as the whole cache may move. @return whether the file system has links */
    private boolean link(Path blob, Path target) throws IOException {
        Path relative = target.getParent().relativize(blob);
        if (Files.isSymbolicLink(target) && Files.readSymbolicLink(target).equals(relative)) {
            return true;
        }
        Path link = temporary(blob);
        try {
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, relative);
        } catch (UnsupportedOperationException | FileSystemException e) {
            return false;   // Windows has links for those alone who may make them
        }
        Files.move(link, target, StandardCopyOption.ATOMIC_MOVE);
        return true;
    }

    private void settle(Path blob, Path target, boolean keep) throws IOException {
        if (Files.isSymbolicLink(target) && Files.exists(target)) {
            return;     // made when there were links
        }
        if (keep) {
            Path copy = temporary(blob);
            Files.copy(blob, copy, StandardCopyOption.REPLACE_EXISTING, LinkOption.NOFOLLOW_LINKS);
            Files.move(copy, target, StandardCopyOption.ATOMIC_MOVE);
        } else {
            Files.move(blob, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** A name of this thread's own among the blobs, that marks what has it as unfinished. */
    private Path temporary(Path blob) {
        return folder.partial(blob.getFileName() + "." + ProcessHandle.current().pid() + "."
                + Thread.currentThread().getId());
    }

    /**
     * Says that the revision is this commit from now on.
     *
     * @throws InputException if it cannot be written
     */
    void refer(Revision revision) {
        if (revision.isCommit()) {
            return;
        }
        Path ref = folder.ref(revision);
        try {
            Files.createDirectories(ref.getParent());
            requireInside(ref.getParent());
            Path written = temporary(folder.blobs().resolve(commit));
            Files.writeString(written, commit);
            Files.move(written, ref, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw InputException.unwritable(ref, e);
        }
    }
}
