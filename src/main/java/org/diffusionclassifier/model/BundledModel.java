package org.diffusionclassifier.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/**
 * The small model that travels in the jar: a diffusers directory like any other, with its prompts, pictures and
 * matching examples beside it. MODEL_CARD.md there says what it is.
 */
public final class BundledModel implements AutoCloseable {

    private static final String RESOURCE = "/demo-model";

    private final Path root;
    private final FileSystem jar;

    private BundledModel(Path root, FileSystem jar) {
        this.root = root;
        this.jar = jar;
    }

    /** Opens it inside the jar, or in the directory of classes while the project is being built. */
    public static BundledModel open() {
        URL url = BundledModel.class.getResource(RESOURCE);
        if (url == null) {
            throw new IllegalStateException("this build has no bundled model");
        }
        try {
            URI uri = url.toURI();
            if (!uri.getScheme().equals("jar")) {
                return new BundledModel(Path.of(uri), null);
            }
            // By its path: by its URI a process could open a jar once only.
            URL file = ((JarURLConnection) url.openConnection()).getJarFileURL();
            FileSystem jar = FileSystems.newFileSystem(Path.of(file.toURI()));
            return new BundledModel(jar.getPath(RESOURCE), jar);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The diffusers directory. */
    public Path root() {
        return root;
    }

    /** One caption for each of its ten classes, as {@code prompt,classname,classidx}. */
    public Path prompts() {
        return root.resolve("prompts.csv");
    }

    /** Labelled pictures of its test set: {@code labels.csv} names them. */
    public Path images() {
        return root.resolve("images");
    }

    /** Pairs of pictures with a caption each, in the form of Winoground. */
    public Path matching() {
        return root.resolve("matching/examples.jsonl");
    }

    @Override
    public void close() {
        if (jar != null) {
            try {
                jar.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
