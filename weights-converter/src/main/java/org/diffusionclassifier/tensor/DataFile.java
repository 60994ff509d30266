package org.diffusionclassifier.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A file that is read at any place, a small buffer at a time, so that neither it nor a tensor in its stored form is
 * ever held in memory. Works on any file system, the inside of a jar included. Safe to share between threads.
 */
public final class DataFile implements AutoCloseable {

    /** Bytes read at a time; a multiple of every element's size, so that none straddles two chunks. */
    static final int CHUNK = 1 << 20;

    private final Path path;
    private final SeekableByteChannel channel;
    private final long size;

    private DataFile(Path path, SeekableByteChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.size = channel.size();
    }

    /** Reads what must be known of a file when it is opened: its header or its directory. */
    public interface Opener<T> {
        public T open(DataFile file);
    }

    /**
     * The result of {@code opener} on the file, which stays open unless {@code opener} fails.
     *
     * @throws InputException if the file cannot be read
     */
    public static <T> T open(Path path, Opener<T> opener) {
        try {
            SeekableByteChannel channel = Files.newByteChannel(path);
            try {
                return opener.open(new DataFile(path, channel));
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }

    public Path path() {
        return path;
    }

    /** The file's length in bytes when it was opened. */
    public long size() {
        return size;
    }

    /** Fills what remains of {@code destination} with the bytes from {@code offset} on, and flips it. */
    public ByteBuffer read(long offset, ByteBuffer destination) {
        fill(offset, destination);
        return destination.flip();
    }

    /** Fills what remains of {@code destination} with the bytes from {@code offset} on. */
    public synchronized void fill(long offset, ByteBuffer destination) {
        try {
            channel.position(offset);
            while (destination.hasRemaining()) {
                if (channel.read(destination) < 0) {
                    throw new IOException("the file became shorter while it was read");
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(path, e);
        }
    }

    /** Gives {@code action} the {@code bytes} bytes from {@code offset} on, in chunks of whole elements. */
    public void forEachChunk(long offset, long bytes, ByteOrder order, Consumer<ByteBuffer> action) {
        var chunk = ByteBuffer.allocate((int) Math.min(CHUNK, bytes)).order(order);
        for (long done = 0; done < bytes; done += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), bytes - done));
            action.accept(read(offset + done, chunk));
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
