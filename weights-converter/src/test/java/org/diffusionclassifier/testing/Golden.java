package org.diffusionclassifier.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where the golden files are: what the public reference implementations compute, a folder for each network and files for
 * the rest. They are resources of the tests; from a jar they are copied to a temporary folder, once a JVM.
 */
public final class Golden {

    private static final String ROOT = "/golden";

    private Golden() {
    }

    private static final class Folder {
        static final Path PATH = find();
    }

    /** A file or folder of them. */
    public static Path of(String name) {
        return Folder.PATH.resolve(name);
    }

    /** The folder that holds a folder for each network: {@code -Dgolden=DIR}, or these. */
    public static Path cases() {
        String other = System.getProperty("golden");
        return other == null ? Folder.PATH : Path.of(other);
    }

    private static Path find() {
        try {
            URI root = Golden.class.getResource(ROOT).toURI();
            return root.getScheme().equals("file") ? Path.of(root) : copied(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path copied(URI root) throws IOException {
        Path folder = Files.createTempDirectory("golden");
        folder.toFile().deleteOnExit();
        try (FileSystem jar = FileSystems.newFileSystem(root, Map.of());
                Stream<Path> files = Files.walk(jar.getPath(ROOT))) {
            for (Path file : (Iterable<Path>) files.skip(1)::iterator) {
                Path copy = folder.resolve(jar.getPath(ROOT).relativize(file).toString());
                Files.copy(file, copy);
                copy.toFile().deleteOnExit();
            }
        }
        return folder;
    }
}
