package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.file.archive.Archive;
import org.diffusionclassifier.tensor.InputException;

/**
 * Unpacks a folder of an archive, and removes the archive. {@link Archive} refuses names that lead out of it, and shows
 * files and folders alone, so that nothing is written but these. The folder has its name when all is in it.
 */
final class Unpacking {

    private Unpacking() {
    }

    /**
     * @param folder whose name it also has in the archive
     * @throws InputException if the archive is broken or has no such folder, or if it cannot be unpacked
     */
    static void run(Path archive, Path folder) throws IOException {
        Path temporary = Files.createTempDirectory(folder.getParent(), ".unpacking-");
        try {
            Path unpacked = temporary.resolve(folder.getFileName());
            try (Archive opened = Archive.open(archive, temporary.resolve("tar"))) {
                Path root = opened.root().resolve(folder.getFileName().toString());
                if (!Files.isDirectory(root)) {
                    throw new InputException(archive + ": expected the folder " + folder.getFileName()
                            + " in it, found none");
                }
                copy(root, unpacked);
            }
            try {
                Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
            } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
                // another process has unpacked the same archive
            }
        } finally {
            delete(temporary);
        }
        Files.deleteIfExists(archive);
    }

    private static void copy(Path root, Path to) throws IOException {
        for (Path path : all(root)) {
            Path target = to.resolve(root.relativize(path).toString());
            if (Files.isDirectory(path)) {
                Files.createDirectories(target);
            } else {
                Files.copy(path, target);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        for (Path path : all(folder).stream().sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(path);
        }
    }

    /** Each folder before what is in it. */
    private static List<Path> all(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.toList();
        }
    }
}
