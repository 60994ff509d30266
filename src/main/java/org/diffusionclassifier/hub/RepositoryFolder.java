package org.diffusionclassifier.hub;

import java.nio.file.Path;

/**
 * Where things are in a repository's part of the cache:
 *
 * <pre>
 * CACHE/
 *   CACHEDIR.TAG                              tells backups to leave this out
 *   .locks/models--org--name/ETAG.lock        held while a blob is written
 *   models--org--name/
 *     refs/main                               a commit hash, without a newline; refs/refs/pr/1 for refs/pr/1
 *     blobs/ETAG                              contents, whole
 *     blobs/ETAG.dc.incomplete                contents, as far as they have arrived
 *     snapshots/COMMIT/unet/config.json       a link to ../../../blobs/ETAG, or the content itself
 *     .no_exist/COMMIT/PATH, trees/COMMIT.json    notes of huggingface_hub's own
 * </pre>
 *
 * This is huggingface_hub's layout (file_download.py), but for the name of partial files: its own end with
 * {@code .incomplete}, too, so that it leaves ours alone.
 */
record RepositoryFolder(Path cache, RepositoryName name) {

    static final String LOCKS = ".locks";
    static final String PARTIAL = ".dc.incomplete";

    Path root() {
        return cache.resolve(name.folder());
    }

    Path refs() {
        return root().resolve("refs");
    }

    Path ref(Revision revision) {
        return refs().resolve(revision.value());
    }

    Path blobs() {
        return root().resolve("blobs");
    }

    Path blob(BlobHash hash) {
        return blobs().resolve(hash.hex());
    }

    Path partial(String name) {
        return blobs().resolve(name + PARTIAL);
    }

    Path snapshots() {
        return root().resolve("snapshots");
    }

    Path snapshot(String commit) {
        return snapshots().resolve(commit);
    }

    Path locks() {
        return cache.resolve(LOCKS).resolve(name.folder());
    }
}
