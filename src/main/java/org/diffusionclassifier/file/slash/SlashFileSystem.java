package org.diffusionclassifier.file.slash;

import java.net.URI;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.List;
import java.util.Set;

/** A file system with one root and slashes between names: what archives and clusters' file systems share. */
public abstract class SlashFileSystem extends FileSystem {

    public SlashPath root() {
        return SlashPath.of(this, "/");
    }

    /** What stands before the text of an absolute path. */
    protected String prefix() {
        return "";
    }

    /** @throws UnsupportedOperationException where paths have none */
    protected URI uri(SlashPath path) {
        throw new UnsupportedOperationException("nothing in " + this + " has a URI");
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
    public SlashPath getPath(String first, String... more) {
        return SlashPath.of(this, more.length == 0 ? first : first + "/" + String.join("/", more));
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
}
