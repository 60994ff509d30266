package org.diffusionclassifier.file.archive;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.diffusionclassifier.file.archive.TarIndex.Member;
import org.diffusionclassifier.file.slash.SlashPath;
import org.diffusionclassifier.file.slash.SlashProvider;

/** What {@link java.nio.file.Files} asks of a {@link TarFileSystem}; all that writes is refused. */
final class TarProvider extends SlashProvider {

    private static TarFileSystem files(SlashPath path) {
        return (TarFileSystem) path.files();
    }

    private static Member member(SlashPath path) throws IOException {
        return files(path).member(path);
    }

    /** The index has resolved links. */
    @Override
    protected Entry entry(SlashPath path) throws IOException {
        Member member = member(path);
        return new Entry(member.isFolder(), member.size(), member.modified());
    }

    @Override
    protected Iterable<String> children(SlashPath folder) throws IOException {
        return member(folder).children();
    }

    @Override
    public SeekableByteChannel newByteChannel(Path path, Set<? extends OpenOption> options,
            FileAttribute<?>... attributes) throws IOException {
        if (!Set.of(StandardOpenOption.READ).containsAll(options)) {
            throw new ReadOnlyFileSystemException();
        }
        SlashPath file = SlashPath.of(path);
        Member member = member(file);
        if (member.isFolder()) {
            throw new IOException(path + " is a folder");
        }
        return new MemberChannel(files(file).channel(), member.offset(), member.size());
    }

    @Override
    public String getScheme() {
        return "tar";
    }
}
