package org.diffusionclassifier.file;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.diffusionclassifier.tensor.InputException;

/**
 * Writes a file that never exists half-written under its name. The content goes into a temporary file beside it, which
 * takes the name once everything is on the disk.
 */
public final class AtomicFile {

    private AtomicFile() {
    }

    /** What goes into the file. */
    @FunctionalInterface
    public interface Content {

        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Creates or replaces {@code target}, or the file that it links to. If anything fails, including {@code content},
     * {@code target} stays as it was and the temporary file is deleted.
     *
     * @throws InputException if {@code target} is not an ordinary file or cannot be written
     */
    public static void write(Path target, Content content) {
        try {
            if (Files.exists(target) && !Files.isRegularFile(target)) {
                throw new InputException(target + ": cannot be written (not an ordinary file)");
            }
            var file = Files.exists(target) ? target.toRealPath() : target;
            var temporary = file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid());
            try {
                try (var out = new BufferedOutputStream(Files.newOutputStream(temporary))) {
                    content.writeTo(out);
                }
                if (temporary.getFileSystem() == FileSystems.getDefault()) {
                    try (var written = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                        written.force(true); // without this, a power failure could leave an empty file under the name
                    }
                }
                Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING,
                        StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw InputException.unwritable(target, e);
        }
    }
}
