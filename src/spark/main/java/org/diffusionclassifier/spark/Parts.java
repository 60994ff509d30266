package org.diffusionclassifier.spark;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.tensor.InputException;

/**
 * The parts of a run's results: a file a task, with the lines of {@code results.jsonl} of its images. It appears
 * complete or not at all. A task that runs twice writes the same bytes twice. The folder is in {@code --out}, and is
 * named by what results depend on, so that parts of other settings are none of this run's. An image that tasks share
 * has a folder of {@link ErrorParts} there until it is decided.
 *
 * @param folder in whatever file system
 */
record Parts(Path folder) {

    private static final Pattern NAME = Pattern.compile("part-\\d+-[0-9a-f]+\\.jsonl");
    private static final Pattern IMAGE = Pattern.compile("image-(\\d+)");

    /** @param identity digest of what results depend on */
    static Parts of(Path out, String identity) {
        return new Parts(out.resolve("parts-" + identity.substring(0, 16)));
    }

    /** Those of an interrupted run. */
    List<Path> existing() {
        return files(folder).stream().filter(file -> NAME.matcher(file.getFileName().toString()).matches()).sorted()
                .toList();
    }

    /** Images that tasks shared in an interrupted run, decided or not. */
    Set<Integer> shared() {
        return files(folder).stream().map(file -> IMAGE.matcher(file.getFileName().toString())).filter(Matcher::matches)
                .map(image -> Integer.valueOf(image.group(1))).collect(Collectors.toSet());
    }

    /** What is in a folder; nothing if there is none. */
    static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    /**
     * Where a part lies, by its first image and a digest of all. A failed image is tried again in a part of other
     * images, which must not replace the one that has the results of its former neighbours.
     */
    Path part(int[] images) {
        return folder.resolve("part-%08d-%08x.jsonl".formatted(images[0], Arrays.hashCode(images)));
    }

    /** Writes a part, or replaces it. @param attempts one an image */
    void write(List<Attempt> attempts) {
        write(part(attempts.stream().mapToInt(Attempt::index).toArray()), out -> {
            for (Attempt attempt : attempts) {
                out.write(attempt.line());
            }
        });
    }

    /** Writes a file, or replaces it: first under a name that no other task uses, as a task may run twice at once. */
    static void write(Path part, AtomicFile.Content content) {
        Path temporary = part.resolveSibling("." + UUID.randomUUID());
        try {
            Files.createDirectories(part.getParent());
            try (var out = Files.newOutputStream(temporary)) {
                content.writeTo(out);
            }
            Files.move(temporary, part, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw InputException.unwritable(part, e);
        }
    }

    /** Of an image that tasks share, as they are now. */
    ErrorParts errors(int image, int batchSize) {
        return new ErrorParts(folderOf(image), batchSize);
    }

    /** Deletes the errors of an image that is decided. */
    void deleteErrors(int image) {
        delete(folderOf(image));
    }

    private Path folderOf(int image) {
        return folder.resolve("image-%08d".formatted(image));
    }

    /** The images of a part in its order. @throws InputException for a file that is no part */
    static List<Attempt> read(Path part) {
        var attempts = new ArrayList<Attempt>();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(part), 1 << 16)) {
            var line = new ByteArrayOutputStream();
            for (int next = in.read(); next >= 0; next = in.read()) {
                line.write(next);
                if (next == '\n') {
                    attempts.add(Attempt.parse(line.toByteArray(), part + ":" + (attempts.size() + 1)));
                    line.reset();
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(part, e);
        }
        return attempts;
    }

    /** Deletes the folder, once its contents are elsewhere. */
    void delete() {
        delete(folder);
    }

    /**
     * Deletes a folder and all that is in it. An executor of a killed driver may still write to it for a moment, so it
     * is tried for two seconds.
     */
    static void delete(Path folder) {
        try {
            for (int tries = 1; Files.isDirectory(folder); tries++) {
                try {
                    deleteOnce(folder);
                } catch (DirectoryNotEmptyException e) {
                    if (tries == 10) {
                        throw e;
                    }
                    Thread.sleep(200);
                }
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void deleteOnce(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) {
            if (Files.isDirectory(file)) {
                deleteOnce(file);
            } else {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
