package org.diffusionclassifier.download;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file's content as far as it has arrived, on the disk, and the hash of that. What an earlier process left is hashed
 * again and kept. One process at a time may have one: whoever opens it holds a lock for it, or takes {@link #tryLock}.
 */
public final class PartialFile implements Sink, AutoCloseable {

    private final Path path;
    private final Content content;
    private final LongConsumer arrived;
    private final BooleanSupplier stopped;
    private final FileChannel channel;
    private Hashing hashing;
    private byte[] chunk;
    private long position;

    /**
     * What is to arrive.
     *
     * @param name      for messages
     * @param size      in bytes
     * @param algorithm of the hash, for messages
     * @param hash      in lower-case hexadecimal digits
     * @param digest    begins to hash it
     */
    public record Content(String name, long size, String algorithm, String hash, Supplier<MessageDigest> digest) {
    }

    private PartialFile(Path path, Content content, LongConsumer arrived, BooleanSupplier stopped) throws IOException {
        this.path = path;
        this.content = content;
        this.arrived = arrived;
        this.stopped = stopped;
        this.channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        this.hashing = new Hashing(content.digest().get());
    }

    /**
     * @param arrived hears of bytes as they arrive, those that are here already included; of fewer than 0 where what
     *                had arrived was not what it should be
     * @param stopped whether the content is no longer wanted; asked at every write
     * @throws InputException if the file cannot be read or written
     */
    public static PartialFile open(Path path, Content content, LongConsumer arrived, BooleanSupplier stopped) {
        try {
            return new PartialFile(path, content, arrived, stopped);
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }

    /** Whether no other process, and nothing else in this one, has it; the lock ends when this is closed. */
    public boolean tryLock() {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }

    /**
     * Takes up what an earlier process left, has the rest fetched, and checks the hash of all. Where it is wrong and an
     * earlier process had a part in it, all is fetched once more.
     *
     * @param fetch fetches what is missing into this
     * @throws InputException if the hash is wrong; nothing of the content is then kept
     */
    public void complete(Runnable fetch) {
        try {
            hashWhatIsThere();
            boolean resumed = position > 0;
            String found = fetched(fetch);
            if (resumed && !found.equals(content.hash())) {
                restart();      // what an earlier process left may have been damaged
                found = fetched(fetch);
            }
            if (!found.equals(content.hash())) {
                restart();
                throw new InputException(content.name() + ": expected " + content.algorithm() + " " + content.hash()
                        + ", found " + found);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InputException(content.name() + ": interrupted", e);
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }

    private String fetched(Runnable fetch) throws InterruptedException {
        if (position < content.size()) {
            fetch.run();
        }
        return HexFormat.of().formatHex(hashing.digest());
    }

    private void hashWhatIsThere() throws IOException, InterruptedException {
        if (channel.size() > content.size()) {
            channel.truncate(0);
        }
        long kept = channel.size();
        while (position < kept) {
            int read = channel.read(ByteBuffer.wrap(chunk()));
            if (read <= 0) {
                break;
            }
            requireWanted();
            hash(read);
        }
    }

    private void hash(int length) {
        hashing.add(chunk, length);
        chunk = null;
        position += length;
        arrived.accept(length);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public void restart() {
        try {
            channel.truncate(0);
            channel.position(0);
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
        hashing.close();
        hashing = new Hashing(content.digest().get());
        chunk = null;
        arrived.accept(-position);
        position = 0;
    }

    @Override
    public byte[] chunk() throws InterruptedException {
        if (chunk == null) {
            chunk = hashing.chunk();
        }
        return chunk;
    }

    /** @throws InputException if the disk is full, or the content is longer than it should be */
    @Override
    public void take(int length) {
        requireWanted();
        if (length > content.size() - position) {
            throw new InputException(content.name() + ": expected " + content.size() + " bytes, found more");
        }
        var bytes = ByteBuffer.wrap(chunk, 0, length);
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw full(e);
        }
        hash(length);
    }

    private void requireWanted() {
        if (stopped.getAsBoolean()) {
            throw new InputException(content.name() + ": no longer wanted");
        }
    }

    private InputException full(IOException cause) {
        String message = String.valueOf(cause.getMessage());
        if (!message.contains("No space left") && !message.contains("not enough space")     // Windows
                && !message.contains("quota")) {
            return InputException.unwritable(path, cause);
        }
        return new InputException(path.getParent() + ": " + message + ", expected " + (content.size() - position)
                + " bytes more for " + content.name() + "; a second start goes on from what has arrived", cause);
    }

    /** The content is on the disk, and then has its name. */
    public void become(Path whole) {
        try {
            channel.force(true);    // without this, a power failure could leave a hole under the name
            channel.close();
            Files.move(path, whole, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw full(e);
        }
    }

    @Override
    public void close() {
        hashing.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }
}
