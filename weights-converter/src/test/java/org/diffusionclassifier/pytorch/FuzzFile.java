package org.diffusionclassifier.pytorch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.diffusionclassifier.tensor.InputException;

/** What the fuzz targets share: their input as a file, one a target, and what a refusal must be like. */
public final class FuzzFile {

    private static final Map<String, Path> FILES = new ConcurrentHashMap<>();

    private FuzzFile() {
    }

    public static Path of(byte[] input, String suffix) {
        try {
            Path file = FILES.computeIfAbsent(suffix, FuzzFile::create);
            return Files.write(file, input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path create(String suffix) {
        try {
            Path file = Files.createTempFile("fuzz", suffix);
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void requireOneLine(InputException refused) {
        String message = refused.getMessage();
        if (message.isBlank() || message.lines().count() != 1 || message.endsWith("\n") || message.length() > 4000) {
            throw new AssertionError("not one line: " + message);
        }
    }
}
