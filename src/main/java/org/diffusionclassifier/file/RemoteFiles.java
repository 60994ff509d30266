package org.diffusionclassifier.file;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * File systems beside this machine's own, as {@code s3a:} and {@code hdfs:}, found as a service: the jar for clusters
 * has them.
 */
public interface RemoteFiles {

    /** A name of two letters at least: one would be a drive of Windows. */
    Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+://.*");

    /** A path of a file system that it knows. @throws InputException for one that cannot be reached */
    Path path(URI uri);

    /**
     * The path that a text names, on this machine or elsewhere.
     *
     * @throws InputException       for a URL that nobody here can reach, or that is none
     * @throws InvalidPathException for what is no path
     */
    static Path pathOf(String text) {
        if (!URL.matcher(text).matches() && !text.startsWith("file:/")) {
            return Path.of(text);
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new InputException(text + ": expected a URL, found " + e.getMessage(), e);
        }
        if ("file".equals(uri.getScheme())) {
            return Path.of(uri.getPath());
        }
        return ServiceLoader.load(RemoteFiles.class, RemoteFiles.class.getClassLoader()).findFirst()
                .orElseThrow(() -> new InputException(text + ": expected a path of this machine; the jar for clusters "
                        + "(spark-submit, or --master) reaches other file systems"))
                .path(uri);
    }
}
