package org.diffusionclassifier.device.cuda.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.platform.TemporaryFolder;

/**
 * The directory that native libraries are unpacked into: readable by this user alone, removed when the process ends.
 * JCuda unpacks its own into {@code java.io.tmpdir} under fixed names and loads whatever stands there, which must not be
 * a directory that others can write to.
 */
final class NativeLibraries {

    private static final String TEMPORARY_DIRECTORY = "java.io.tmpdir";
    private static Path directory;

    private NativeLibraries() {
    }

    /** Runs what loads a native library of JCuda for the first time. */
    static synchronized void load(Runnable firstUse) {
        String shared = System.getProperty(TEMPORARY_DIRECTORY);
        System.setProperty(TEMPORARY_DIRECTORY, directory().toString());
        try {
            firstUse.run();
        } finally {
            System.setProperty(TEMPORARY_DIRECTORY, shared);
        }
    }

    /** Unpacks and loads a library. */
    static synchronized void load(String name, byte[] library) {
        try {
            System.load(Files.write(directory().resolve(name), library).toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path directory() {
        if (directory == null) {
            Path created = temporaryDirectory();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(created)));
            directory = created;
        }
        return directory;
    }

    /**
     * A new directory that this user alone can read.
     *
     * @throws DeviceException if there cannot be one
     */
    static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory(TemporaryFolder.path(), "diffusion-classifier");
        } catch (IOException e) {
            throw new DeviceException("cuda: expected a temporary folder that can be written to, found "
                    + System.getProperty(TEMPORARY_DIRECTORY) + " (" + e + "): set TMPDIR, or java -Djava.io.tmpdir=DIR",
                    e);
        }
    }

    private static void remove(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // A temporary directory that stays behind is no reason to fail.
        }
    }
}
