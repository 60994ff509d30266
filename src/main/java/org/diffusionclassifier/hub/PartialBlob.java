package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.function.BooleanSupplier;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file's content as far as it has arrived, on the disk, and the hash of that. What an earlier process left is hashed
 * again and kept. Whoever has one holds the blob's {@link BlobLock}.
 */
final class PartialBlob implements HubClient.Sink, AutoCloseable {

    private final Path path;
    private final Subject subject;
    private final RemoteFile file;
    private final PullListener listener;
    private final BooleanSupplier stopped;
    private final FileChannel channel;
    private MessageDigest digest;
    private long position;

    private PartialBlob(Path path, Subject subject, RemoteFile file, PullListener listener, BooleanSupplier stopped)
            throws IOException {
        this.path = path;
        this.subject = subject;
        this.file = file;
        this.listener = listener;
        this.stopped = stopped;
        this.channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        this.digest = file.hash().orElseThrow().begin(file.size());
    }

    /**
     * @param subject what it is, for messages
     * @param stopped whether the content is no longer wanted; asked at every write
     * @throws InputException if the file cannot be read or written
     */
    static PartialBlob open(Path path, Subject subject, RemoteFile file, PullListener listener,
                            BooleanSupplier stopped) {
        try {
            var partial = new PartialBlob(path, subject, file, listener, stopped);
            try {
                partial.resume();
                return partial;
            } catch (IOException | RuntimeException e) {
                partial.close();
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }

    private void resume() throws IOException {
        if (channel.size() > file.size()) {
            channel.truncate(0);
        }
        long kept = channel.size();
        var chunk = ByteBuffer.allocate(1 << 18);
        while (position < kept && channel.read(chunk) > 0) {
            requireWanted();
            digest.update(chunk.flip());
            position += chunk.limit();
            listener.done(chunk.limit());
            chunk.clear();
        }
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
        digest = file.hash().orElseThrow().begin(file.size());
        listener.done(-position);
        position = 0;
    }

    /** @throws InputException if the disk is full, or the content is longer than it should be */
    @Override
    public void write(byte[] bytes, int length) {
        requireWanted();
        if (length > file.size() - position) {
            throw new InputException(subject + ": expected " + file.size() + " bytes, found more");
        }
        var chunk = ByteBuffer.wrap(bytes, 0, length);
        try {
            while (chunk.hasRemaining()) {
                channel.write(chunk);
            }
        } catch (IOException e) {
            throw full(e);
        }
        digest.update(bytes, 0, length);
        position += length;
        listener.done(length);
    }

    private void requireWanted() {
        if (stopped.getAsBoolean()) {
            throw new InputException(subject + ": no longer wanted");
        }
    }

    private InputException full(IOException cause) {
        String message = String.valueOf(cause.getMessage());
        if (!message.contains("No space left") && !message.contains("quota")) {
            return InputException.unwritable(path, cause);
        }
        return new InputException(path.getParent() + ": " + message + ", expected " + (file.size() - position)
                + " bytes more for " + subject + "; the next pull goes on from what has arrived", cause);
    }

    /** Whether the content is whole and has the hash; asked once, when all has arrived. */
    String foundHash() {
        return BlobHash.hex(digest);
    }

    /** The content is on the disk, and then has its name. */
    void become(Path blob) {
        try {
            channel.force(true);    // without this, a power failure could leave a hole under the name
            channel.close();
            Files.move(path, blob, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw full(e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
