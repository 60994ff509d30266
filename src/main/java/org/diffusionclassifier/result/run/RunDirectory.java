package org.diffusionclassifier.result.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
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

    private final Path directory;
    private final RunFolder folder;
    private final ResultsFile results;

    private RunDirectory(Path directory, RunFolder folder, ResultsFile results) {
        this.directory = directory;
        this.folder = folder;
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
        RunFolder folder = RunFolder.open(directory, settings);
        return new RunDirectory(directory, folder, folder.holding(results -> new ResultsFile(results, datasetSize)));
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
        folder.checkInputs(used, all, hashed);
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
        try (folder; results) {
            // closes the results, then the folder
        } catch (IOException e) {
            throw InputException.unwritable(directory, e);
        }
    }
}
