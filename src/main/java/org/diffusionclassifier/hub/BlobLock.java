package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.diffusionclassifier.tensor.InputException;

/**
 * The right to write a blob: of one process by a lock on a file, which ends with the process however that ends; of one
 * thread in it by a set, as locks on files do not tell threads apart. huggingface_hub locks the same file by flock(2),
 * which Linux does not relate to these locks (fcntl(2)). That is no harm: it writes under other names until all is
 * there.
 */
final class BlobLock implements AutoCloseable {

    /** Milliseconds. */
    private static final int BETWEEN_ATTEMPTS = 50;

    private static final Set<Path> HELD = new HashSet<>();

    private final Path path;
    private final FileChannel channel;

    private BlobLock(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Waits until nobody else has it.
     *
     * @throws InputException if the file cannot be locked, or the thread is interrupted
     */
    static BlobLock of(Path path) {
        try {
            enter(path);
            try {
                return new BlobLock(path, lock(path));
            } catch (IOException | InterruptedException | RuntimeException e) {
                leave(path);
                throw e;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InputException(path + ": interrupted", e);
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }

    /**
     * Asks again and again. Of two processes that each hold a lock and wait for the other's, the system would refuse
     * one as a deadlock (EDEADLK), although other threads hold the locks than wait.
     */
    private static FileChannel lock(Path path) throws IOException, InterruptedException {
        Files.createDirectories(path.getParent());
        var channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            while (channel.tryLock() == null) {
                Thread.sleep(BETWEEN_ATTEMPTS);
            }
            return channel;
        } catch (IOException | InterruptedException e) {
            channel.close();
            throw e;
        }
    }

    private static void enter(Path path) throws InterruptedException {
        synchronized (HELD) {
            while (!HELD.add(path)) {
                HELD.wait();
            }
        }
    }

    private static void leave(Path path) {
        synchronized (HELD) {
            HELD.remove(path);
            HELD.notifyAll();
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        } finally {
            leave(path);
        }
    }
}
