package org.diffusionclassifier.cli;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.tensor.InputException;

/** Files that a command writes when its work is done. */
final class OutputFile {

    private OutputFile() {
    }

    /** Refuses an unwritable output before the work, not after it; an existing file stays as it is. */
    static void requireWritable(String option, Path file) {
        if (file.getFileSystem() != FileSystems.getDefault()) {
            return;     // a store of objects has no folders, and says what it allows when it is asked to
        }
        Path parent = file.toAbsolutePath().getParent();
        boolean replaceable = !Files.exists(file) || (Files.isRegularFile(file) && Files.isWritable(file));
        if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent) || !replaceable) {
            throw new InputException(option + ": " + file + " cannot be written");
        }
    }
}
