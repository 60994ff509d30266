package org.diffusionclassifier.spark;

import java.net.URI;
import java.nio.file.spi.FileSystemProvider;
import org.diffusionclassifier.file.slash.SlashFileSystem;
import org.diffusionclassifier.file.slash.SlashPath;

/** A file system of Hadoop's, for {@link java.nio.file.Files}. Safe to share between threads. */
final class HadoopFileSystem extends SlashFileSystem {

    private final String root;
    private final org.apache.hadoop.fs.FileSystem hadoop;
    private final HadoopProvider provider;

    /** @param root without the slash at its end, as {@code s3a://bucket} */
    HadoopFileSystem(String root, org.apache.hadoop.fs.FileSystem hadoop) {
        this.root = root;
        this.hadoop = hadoop;
        this.provider = new HadoopProvider(URI.create(root + "/").getScheme());
    }

    org.apache.hadoop.fs.FileSystem hadoop() {
        return hadoop;
    }

    @Override
    protected String prefix() {
        return root;
    }

    @Override
    protected URI uri(SlashPath path) {
        return new org.apache.hadoop.fs.Path(path.toAbsolutePath().toString()).toUri();
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    /** Hadoop shares file systems, and closes them at the end of the process. */
    @Override
    public void close() {
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public String toString() {
        return root;
    }
}
