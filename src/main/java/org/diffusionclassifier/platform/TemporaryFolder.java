package org.diffusionclassifier.platform;

import java.nio.file.Path;

/**
 * The folder for temporary files: {@code java.io.tmpdir}, which on Linux is /tmp whatever {@code TMPDIR} says. Windows
 * and macOS have one for each user, and Java takes it. Newer versions of Java read the property before {@code main}
 * begins, so that whoever makes a temporary file says where: here.
 */
public final class TemporaryFolder {

    private static final String PROPERTY = "java.io.tmpdir";
    private static final String LINUX_DEFAULT = "/tmp";

    private TemporaryFolder() {
    }

    public static Path path() {
        return Path.of(System.getProperty(PROPERTY));
    }

    /** Makes it what {@code TMPDIR} says, unless the command line of Java says something else. */
    public static void takeFromEnvironment() {
        System.setProperty(PROPERTY, of(Platform.ofSystem(), System.getProperty(PROPERTY), System.getenv("TMPDIR")));
    }

    /** @param variable null if it is not set */
    static String of(Platform platform, String property, String variable) {
        return platform.isLinux() && LINUX_DEFAULT.equals(property) && variable != null && !variable.isBlank() ? variable
                : property;
    }
}
