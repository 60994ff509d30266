package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.diffusionclassifier.file.archive.TarIndex.Member;
import org.diffusionclassifier.file.slash.SlashFileSystem;
import org.diffusionclassifier.file.slash.SlashPath;

/** A TAR file as a file system that is only read. Safe to share between threads. */
final class TarFileSystem extends SlashFileSystem {

    private final TarIndex index;
    private final Path named;
    private final FileChannel channel;
    private final TarProvider provider = new TarProvider();

    /** @param named the archive that people have: the TAR file, or the one that it was unpacked from */
    TarFileSystem(TarIndex index, Path named) throws IOException {
        this.index = index;
        this.named = named;
        this.channel = FileChannel.open(index.archive(), StandardOpenOption.READ);
    }

    FileChannel channel() {
        return channel;
    }

    Member member(SlashPath path) throws NoSuchFileException {
        if (!isOpen()) {
            throw new ClosedFileSystemException();
        }
        Member member = index.members().get(path.fromRoot());
        if (member == null) {
            throw new NoSuchFileException(path.toString());
        }
        return member;
    }

    @Override
    public TarProvider provider() {
        return provider;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public boolean isReadOnly() {
        return true;
    }

    /** The archive, as ZIP's file systems have it. */
    @Override
    public String toString() {
        return named.toString();
    }
}
