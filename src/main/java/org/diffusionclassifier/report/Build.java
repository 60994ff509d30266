package org.diffusionclassifier.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The version and the sources that this program was built from. */
public final class Build {

    private static final String UNKNOWN = "unknown";

    private Build() {
    }

    /** The jar's version; unknown to classes outside a jar. */
    public static String version() {
        String version = Build.class.getPackage().getImplementationVersion();
        return version == null ? UNKNOWN : version;
    }

    /** The sources' commit, with {@code -dirty} if they had been edited; unknown to a build outside a repository. */
    public static String commit() {
        try (InputStream in = Build.class.getResourceAsStream("commit.txt")) {
            return in == null ? UNKNOWN : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
