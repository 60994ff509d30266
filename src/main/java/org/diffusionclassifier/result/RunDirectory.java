package org.diffusionclassifier.result;

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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The directory of one run of {@code evaluate}, from which a killed run is resumed:
 * <ul>
 * <li>{@code settings.json}: what the results depend on, so that no run is resumed with other settings,
 * <li>{@code inputs.json}: what the files were that the results come from, so that none is replaced unnoticed,
 * <li>{@code results.jsonl}: the {@linkplain ImageResult results} and {@linkplain FailedImage failures}, one line an
 * image, in the order of finishing,
 * <li>{@code .lock}: locked while a process has the directory open.
 * </ul>
 * For one thread.
 */
public final class RunDirectory implements AutoCloseable {

    static final InputException.Field OUT = InputException.field("out");
    private static final String SETTINGS = "settings.json";
    private static final String INPUTS = "inputs.json";
    private static final String RESULTS = "results.jsonl";

    private final Path directory;
    private final FileChannel lock;
    private final ResultsFile results;

    private RunDirectory(Path directory, FileChannel lock, ResultsFile results) {
        this.directory = directory;
        this.lock = lock;
        this.results = results;
    }

    /**
     * Creates the directory, or resumes the run in it; a last line that a kill tore is cut off.
     *
     * @param settings    what the results depend on, by name
     * @param datasetSize how many images the whole dataset has
     * @throws InputException if the settings recorded are others, another process has the directory open, one of its
     *                        files is broken or missing, or it cannot be written
     */
    public static RunDirectory open(Path directory, SortedMap<String, String> settings, int datasetSize) {
        try {
            if (!Files.isDirectory(directory)) { // Java 17 would refuse a link to one
                Files.createDirectories(directory);
            }
            var lock = FileChannel.open(directory.resolve(".lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            try {
                acquire(lock, directory);
                recordOrCompare(directory, settings);
                return new RunDirectory(directory, lock, new ResultsFile(directory.resolve(RESULTS), datasetSize));
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unwritable(directory, e);
        }
    }

    /**
     * Compares the files that results come from with what they were, and writes down those of this run.
     *
     * @param used   files that results are there of
     * @param all    files that the run reads, {@code used} among them
     * @param hashed whether their contents are compared, rather than only sizes and times
     * @throws InputException if one of {@code used} was replaced or changed since the run began
     */
    public void checkInputs(Collection<Path> used, Collection<Path> all, boolean hashed) {
        InputFiles.check(directory.resolve(INPUTS), used, all, hashed);
    }

    /** How many bytes of a torn last line were cut off on resuming; 0 for none. */
    public long repairedBytes() {
        return results.tornBytes();
    }

    /** The indices of the images that have their result, rising. */
    public Set<Integer> done() {
        return Collections.unmodifiableSet(results.outcomes().keySet());
    }

    /** What became of each image so far, by rising index. */
    public List<Outcome> outcomes() {
        return List.copyOf(results.outcomes().values());
    }

    /** The images that could not be classified and have no result since, by rising index. */
    public List<FailedImage> failures() {
        return List.copyOf(results.failures().values());
    }

    /**
     * Every result in full, in the order of finishing.
     *
     * @throws InputException if one is not as it was written
     */
    public List<ImageResult> results() {
        return results.results();
    }

    /**
     * Adds the result of an image that has none yet. It is on the disk on return: a kill loses the image in hand alone.
     *
     * @throws InputException if it cannot be written; what was there before still is
     */
    public void append(ImageResult result) {
        results.append(result);
    }

    /** Adds that an image could not be classified, unless that is known already; as {@link #append}. */
    public void append(FailedImage failure) {
        results.append(failure);
    }

    /** Lets other processes in. */
    @Override
    public void close() {
        try (lock; results) {
            // closes the results, then the lock
        } catch (IOException e) {
            throw InputException.unwritable(directory, e);
        }
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
