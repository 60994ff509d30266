package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.download.PartialFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Brings files of a repository into the cache, several at a time. Each content arrives in a partial file and gets its
 * name when its size and hash are right; then the snapshot gets its links; last, the revision gets its commit. A
 * process may thus end at any moment: what has a name is whole, and the next pull goes on with what has arrived. Of two
 * pulls at once, in one process or two, each content is fetched by one while the other waits for it.
 */
public final class Pull {

    /** As huggingface_hub has it. */
    private static final int FILES_AT_ONCE = 8;

    private final HubClient client;
    private final RemoteRepository repository;
    private final PullListener listener;
    private final RepositoryFolder folder;
    private final SnapshotWriter snapshot;
    private volatile boolean stopped;

    private Pull(HubSettings settings, HubClient client, RemoteRepository repository, PullListener listener) {
        this.client = client;
        this.repository = repository;
        this.listener = listener;
        this.folder = new RepositoryFolder(settings.cache(), repository.name());
        this.snapshot = new SnapshotWriter(folder, repository.commit(), settings.symlinks());
    }

    /**
     * Fetches what is not there.
     *
     * @return the snapshot's folder, with all of {@code selection} in it
     * @throws InputException if the Hub refuses a file or breaks too often, a content is not what its hash says, or the
     *                        disk is full or cannot be written
     */
    public static Path of(HubSettings settings, HubClient client, RemoteRepository repository, Selection selection,
                          PullListener listener) {
        return new Pull(settings, client, repository, listener).run(selection);
    }

    private Path run(Selection selection) {
        var contents = new LinkedHashMap<BlobHash, List<RemoteFile>>();
        for (RemoteFile file : selection.files()) {
            RemoteFile described = client.described(repository, file);
            contents.computeIfAbsent(described.hash().orElseThrow(), none -> new ArrayList<>()).add(described);
        }
        snapshot.prepare();
        requireSpace(contents);
        listener.total(contents.values().stream().mapToLong(files -> files.get(0).size()).sum());
        fetchAll(contents);
        snapshot.refer(repository.revision());
        return folder.snapshot(repository.commit());
    }

    private void requireSpace(Map<BlobHash, List<RemoteFile>> contents) {
        long needed = contents.entrySet().stream()
                .filter(content -> !snapshot.has(content.getKey(), content.getValue()))
                .mapToLong(content -> content.getValue().get(0).size() - arrived(content.getKey())).sum();
        try {
            long free = Files.getFileStore(folder.blobs()).getUsableSpace();
            if (needed > free) {
                throw new InputException(folder.cache() + ": expected " + needed + " bytes free for "
                        + repository.name() + ", found " + free);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.blobs(), e);
        }
    }

    private long arrived(BlobHash hash) {
        try {
            return Files.size(folder.partial(hash.hex()));
        } catch (IOException e) {
            return 0;   // there is none, or another pull has just made it a blob
        }
    }

    private void fetchAll(Map<BlobHash, List<RemoteFile>> contents) {
        ExecutorService threads = Executors.newFixedThreadPool(FILES_AT_ONCE, task -> {
            var thread = new Thread(task, "pull of " + repository.name());
            thread.setDaemon(true);
            return thread;
        });
        try {
            var fetches = new ExecutorCompletionService<Void>(threads);
            contents.forEach((hash, files) -> fetches.submit(() -> fetch(hash, files), null));
            for (int i = 0; i < contents.size(); i++) {
                fetches.take().get();
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InputException(repository.name() + ": interrupted", e);
        } finally {
            stopped = true;
            threads.shutdownNow();
            await(threads);
        }
    }

    /** Nothing may be written any more when a pull has ended. */
    private static void await(ExecutorService threads) {
        boolean interrupted = false;
        while (true) {
            try {
                if (threads.awaitTermination(1, TimeUnit.MINUTES)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void fetch(BlobHash hash, List<RemoteFile> files) {
        RemoteFile file = files.get(0);
        try (var lock = BlobLock.of(folder.locks().resolve(hash + ".lock"))) {
            if (snapshot.has(hash, files)) {
                listener.done(file.size());
            } else {
                download(file, hash);
            }
            snapshot.place(hash, files);
        }
        files.forEach(listener::finished);
    }

    private void download(RemoteFile file, BlobHash hash) {
        listener.started(file);
        var subject = new Subject(repository.name(), repository.revision(), file.path());
        var content = new PartialFile.Content(subject.toString(), file.size(), hash.algorithm(), hash.hex(),
                () -> hash.begin(file.size()));
        try (var partial = PartialFile.open(folder.partial(hash.hex()), content, listener::done, () -> stopped)) {
            partial.complete(() -> client.download(repository, file, partial));
            partial.become(folder.blob(hash));
        }
    }
}
