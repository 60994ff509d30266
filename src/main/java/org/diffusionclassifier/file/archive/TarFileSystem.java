package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.file.archive.TarIndex.Member;

/** A TAR file as a file system that is only read. Safe to share between threads. */
final class TarFileSystem extends FileSystem {

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

    TarPath root() {
        return TarPath.of(this, "/");
    }

    FileChannel channel() {
        return channel;
    }

    Member member(TarPath path) throws NoSuchFileException {
        if (!isOpen()) {
            throw new ClosedFileSystemException();
        }
        Member member = index.members().get(path.member());
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

    @Override
    public String getSeparator() {
        return "/";
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return List.of(root());
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return List.of();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return Set.of("basic");
    }

    @Override
    public TarPath getPath(String first, String... more) {
        return TarPath.of(this, more.length == 0 ? first : first + "/" + String.join("/", more));
    }

    /** As the default file system has it, by the path's text. */
    @Override
    public PathMatcher getPathMatcher(String syntaxAndPattern) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher(syntaxAndPattern);
        return path -> matcher.matches(Path.of(path.toString()));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        throw new UnsupportedOperationException();
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException();
    }

    /** The archive, as ZIP's file systems have it. */
    @Override
    public String toString() {
        return named.toString();
    }
}
