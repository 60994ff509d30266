package org.diffusionclassifier.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.diffusionclassifier.file.slash.SlashPath;
import org.diffusionclassifier.file.slash.SlashProvider;

/** What {@link java.nio.file.Files} asks of a {@link HadoopFileSystem}. Files are written anew, never added to. */
final class HadoopProvider extends SlashProvider {

    private final String scheme;

    HadoopProvider(String scheme) {
        this.scheme = scheme;
    }

    private static FileSystem files(SlashPath path) {
        return ((HadoopFileSystem) path.files()).hadoop();
    }

    private static org.apache.hadoop.fs.Path hadoop(SlashPath path) {
        return new org.apache.hadoop.fs.Path(path.toAbsolutePath().normalize().toString());
    }

    private static FileStatus status(SlashPath path) throws IOException {
        try {
            return files(path).getFileStatus(hadoop(path));
        } catch (FileNotFoundException e) {
            throw new NoSuchFileException(path.toString());
        }
    }

    @Override
    protected boolean isWritable() {
        return true;
    }

    @Override
    protected Entry entry(SlashPath path) throws IOException {
        FileStatus status = status(path);
        return new Entry(status.isDirectory(), status.getLen(), status.getModificationTime());
    }

    @Override
    protected List<String> children(SlashPath folder) throws IOException {
        return Arrays.stream(files(folder).listStatus(hadoop(folder))).map(child -> child.getPath().getName()).sorted()
                .toList();
    }

    @Override
    public SeekableByteChannel newByteChannel(Path path, Set<? extends OpenOption> options,
            FileAttribute<?>... attributes) throws IOException {
        if (!Set.of(StandardOpenOption.READ).containsAll(options)) {
            throw new UnsupportedOperationException("a channel to write to " + path);
        }
        SlashPath file = SlashPath.of(path);
        return new HadoopChannel(files(file).open(hadoop(file)), status(file).getLen());
    }

    @Override
    public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
        if (List.of(options).contains(StandardOpenOption.APPEND)) {
            throw new UnsupportedOperationException("adding to " + path);
        }
        SlashPath file = SlashPath.of(path);
        return files(file).create(hadoop(file), !List.of(options).contains(StandardOpenOption.CREATE_NEW));
    }

    @Override
    public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
        SlashPath folder = SlashPath.of(path);
        files(folder).mkdirs(hadoop(folder));
    }

    @Override
    public void delete(Path path) throws IOException {
        SlashPath file = SlashPath.of(path);
        if (status(file).isDirectory() && files(file).listStatus(hadoop(file)).length > 0) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        // A folder that looks empty may hold checksums of files that a killed process did not finish.
        files(file).delete(hadoop(file), true);
    }

    /** Replaces what is there: in one step where the file system can, as HDFS. */
    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        SlashPath from = SlashPath.of(source);
        SlashPath to = SlashPath.of(target);
        try {
            FileContext.getFileContext(files(to).getUri(), files(to).getConf())
                    .rename(hadoop(from), hadoop(to), Options.Rename.OVERWRITE);
        } catch (UnsupportedFileSystemException e) {
            files(to).delete(hadoop(to), false);
            if (!files(to).rename(hadoop(from), hadoop(to))) {
                throw new IOException(source + " could not be renamed to " + target);
            }
        }
    }

    @Override
    public String getScheme() {
        return scheme;
    }
}
