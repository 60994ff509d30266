package org.diffusionclassifier.file;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/** Folders that appear complete or not at all. */
public final class AtomicFolder {

    /** Puts into an empty folder what belongs there. */
    @FunctionalInterface
    public interface Filler {

        void fill(Path folder) throws IOException;
    }

    private AtomicFolder() {
    }

    /**
     * Makes a folder, unless it is there. Of two processes that make the same one, the first to finish gives it.
     *
     * @throws InputException if it cannot be written; whatever {@code filler} throws: then nothing is left of it
     */
    public static void make(Path folder, Filler filler) {
        if (Files.isDirectory(folder)) {
            return;
        }
        try {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            Path temporary = Files.createTempDirectory(folder.toAbsolutePath().getParent(), ".making-");
            try {
                filler.fill(temporary);
                Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
            } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
                // another process was faster
            } finally {
                delete(temporary);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> paths = Files.walk(folder)) {
            all = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }
}
