package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** A file in an archive: a stretch of the archive's channel, which others read at the same time. */
final class MemberChannel implements SeekableByteChannel {

    private final FileChannel archive;
    private final long offset;
    private final long size;
    private long position;
    private boolean open = true;

    MemberChannel(FileChannel archive, long offset, long size) {
        this.archive = archive;
        this.offset = offset;
        this.size = size;
    }

    @Override
    public int read(ByteBuffer destination) throws IOException {
        requireOpen();
        if (position >= size) {
            return -1;
        }
        int limit = destination.limit();
        destination.limit((int) Math.min(limit, destination.position() + size - position));
        try {
            int read = archive.read(destination, offset + position);
            position += Math.max(read, 0);
            return read;
        } finally {
            destination.limit(limit);
        }
    }

    @Override
    public long position() throws IOException {
        requireOpen();
        return position;
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
        requireOpen();
        if (position < 0) {
            throw new IllegalArgumentException("position " + position);
        }
        this.position = position;
        return this;
    }

    @Override
    public long size() throws IOException {
        requireOpen();
        return size;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }

    private void requireOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }
}
