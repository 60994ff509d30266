package org.diffusionclassifier.result.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * What the directory of every run has besides its results: {@code settings.json}, {@code inputs.json} and {@code .lock},
 * as {@link RunDirectory} lists them.
 */
final class RunFolder implements AutoCloseable {

    static final InputException.Field OUT = InputException.field("out");
    private static final String RESULTS = "results.jsonl";
    private static final String SETTINGS = "settings.json";
    private static final String INPUTS = "inputs.json";

    private final Path directory;
    private final FileChannel lock;

    private RunFolder(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /**
     * Creates the directory, or locks the one that is there.
     *
     * @param settings what the results depend on, by name
     * @throws InputException if the settings recorded are others or missing, another process has the directory open, or
     *                        it cannot be written
     */
    static RunFolder open(Path directory, SortedMap<String, String> settings) {
        try {
            if (!Files.isDirectory(directory)) { // Java 17 would refuse a link to one
                Files.createDirectories(directory);
            }
            var lock = FileChannel.open(directory.resolve(".lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            try {
                acquire(lock, directory);
                recordOrCompare(directory, settings);
                return new RunFolder(directory, lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unwritable(directory, e);
        }
    }

    /** Opens the file of results; without it, nothing is held. */
    <T> T holding(Function<Path, T> opened) {
        try {
            return opened.apply(directory.resolve(RESULTS));
        } catch (RuntimeException e) {
            try (lock) {
                throw e;
            } catch (IOException closing) {
                throw InputException.unwritable(directory, closing);
            }
        }
    }

    /** As {@link RunDirectory#checkInputs}. */
    void checkInputs(Collection<Path> used, Collection<Path> all, boolean hashed) {
        InputFiles.check(directory.resolve(INPUTS), used, all, hashed);
    }

    /** Lets other processes in. */
    @Override
    public void close() throws IOException {
        lock.close();
    }

    private static void acquire(FileChannel lock, Path directory) throws IOException {
        boolean acquired;
        try {
            acquired = lock.tryLock() != null;
        } catch (OverlappingFileLockException e) { // held by this very process
            acquired = false;
        }
        if (!acquired) {
            throw InputException.of("%s: in use by another run, wait for it or use another %s", directory, OUT);
        }
    }

    private static void recordOrCompare(Path directory, SortedMap<String, String> settings) {
        var file = directory.resolve(SETTINGS);
        if (Files.exists(file)) {
            compare(file, readSettings(file), settings);
        } else if (Files.exists(directory.resolve(RESULTS))) {
            throw InputException.of("%s: has %s but no %s to tell what made it, use another %s", directory, RESULTS,
                    SETTINGS, OUT);
        } else {
            JsonFile.write(file, settings);
        }
    }

    private static Map<String, String> readSettings(Path file) {
        try {
            var settings = JsonFile.MAPPER.readValue(Files.readAllBytes(file),
                    new TypeReference<TreeMap<String, String>>() { });
            return Objects.requireNonNullElse(settings, new TreeMap<>()); // the JSON null
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not a JSON object of settings", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private static void compare(Path file, Map<String, String> recorded, Map<String, String> now) {
        var names = new TreeSet<>(recorded.keySet());
        names.addAll(now.keySet());
        var differences = new ArrayList<String>();
        for (var name : names) {
            if (!Objects.equals(recorded.get(name), now.get(name))) {
                differences.add(name + " was " + shown(recorded.get(name)) + " and is now " + shown(now.get(name)));
            }
        }
        if (!differences.isEmpty()) {
            throw InputException.of("%s: %s: use another %s or the same settings", file,
                    String.join("; ", differences), OUT);
        }
    }

    // As it was typed, unless that would be misread or break the line.
    private static String shown(String value) {
        if (value == null) {
            return "not set";
        }
        return value.isBlank() || value.chars().anyMatch(Character::isISOControl) ? InputException.quoted(value) : value;
    }
}
