package org.diffusionclassifier.download;

import java.security.MessageDigest;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * The hash of a content, computed by a thread of its own, so that the content can be fetched and written meanwhile.
 * Chunks go round: the fetching thread fills one and hands it over, and gets it back when it is hashed.
 */
final class Hashing implements AutoCloseable {

    /** One is filled, one hashed, two wait. */
    private static final int CHUNKS = 4;

    private static final int CHUNK_BYTES = 1 << 18;

    private record Part(byte[] chunk, int length) {
    }

    private static final Part END = new Part(null, 0);

    private final BlockingQueue<byte[]> free = new ArrayBlockingQueue<>(CHUNKS);
    private final BlockingQueue<Part> filled = new ArrayBlockingQueue<>(CHUNKS + 1);
    private final CompletableFuture<byte[]> hash = new CompletableFuture<>();

    Hashing(MessageDigest digest) {
        for (int i = 0; i < CHUNKS; i++) {
            free.add(new byte[CHUNK_BYTES]);
        }
        var thread = new Thread(() -> run(digest), "hash of a download");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(MessageDigest digest) {
        try {
            for (Part part = filled.take(); part != END; part = filled.take()) {
                digest.update(part.chunk, 0, part.length);
                free.add(part.chunk);
            }
            hash.complete(digest.digest());
        } catch (InterruptedException e) {      // nobody interrupts it
            hash.completeExceptionally(e);
        }
    }

    /** A chunk to fill; waits for one. */
    byte[] chunk() throws InterruptedException {
        return free.take();
    }

    /** Hashes the first {@code length} bytes of a chunk, which is no longer the caller's. */
    void add(byte[] chunk, int length) {
        filled.add(new Part(chunk, length));
    }

    /** Of all that was added; nothing more may be. */
    byte[] digest() throws InterruptedException {
        close();
        try {
            return hash.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Ends the thread. */
    @Override
    public void close() {
        if (!hash.isDone()) {
            filled.offer(END);
        }
    }
}
