package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.diffusionclassifier.tensor.InputException;

/**
 * The SHA-256 of what a model was read from. Of one file it is that file's, as {@code sha256sum} and the sites that
 * models come from give it; of several it is that of their listing, which {@code sha256sum} prints for their names in
 * sorted order: a line {@code HASH  NAME} each.
 */
public final class SourceHash {

    /** Bytes at a time: what a second-level cache holds, between the copy out of the system and the digest. */
    private static final int CHUNK = 1 << 17;

    /** Hexadecimal digits. */
    public static final int LENGTH = 64;

    private final Thread thread;
    private final CompletableFuture<String> result = new CompletableFuture<>();
    private volatile boolean abandoned;

    /**
     * Begins to read the files, from front to back on a thread of its own. Beside a converter, which reads the same
     * files, this is what fetches them from the disk: the other then finds them in memory.
     */
    public SourceHash(SortedMap<String, Path> files) {
        thread = new Thread(() -> {
            try {
                result.complete(of(files));
            } catch (RuntimeException e) {
                result.completeExceptionally(e);
            }
        }, "hash of the source");
        thread.setDaemon(true);
        thread.start();
    }

    /** @throws InputException if a file could not be read */
    public String await() {
        try {
            return result.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof InputException refusal ? refusal : e;
        }
    }

    /** Ends the reading where the hash is no longer wanted. */
    public void abandon() {
        abandoned = true;
    }

    private String of(SortedMap<String, Path> files) {
        if (files.size() == 1) {
            return of(files.get(files.firstKey()));
        }
        MessageDigest listing = sha256();
        for (Map.Entry<String, Path> file : files.entrySet()) {
            listing.update((of(file.getValue()) + "  " + file.getKey() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(listing.digest());
    }

    private String of(Path file) {
        MessageDigest digest = sha256();
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(chunk); read >= 0 && !abandoned; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);     // every JDK has it
        }
    }
}
