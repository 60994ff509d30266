package org.diffusionclassifier.result.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.tensor.InputException;

/**
 * {@code results.jsonl}: one {@link ImageResult} or {@link FailedImage} a line, added to as images are finished; an
 * image that failed may get its result in a later line. Of what it read it keeps no errors: those of an image of
 * ImageNet's are megabytes.
 */
final class ResultsFile implements AutoCloseable {

    private static final ObjectReader OUTCOME = JsonFile.reader(Outcome.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    private static final ObjectReader FAILURE = JsonFile.reader(FailedImage.class);

    private final int datasetSize;
    private final SortedMap<Integer, Outcome> outcomes = new TreeMap<>();
    private final SortedMap<Integer, FailedImage> failures = new TreeMap<>();
    private final LineFile lines;

    /**
     * Opens or creates the file.
     *
     * @throws InputException if a line before the last is broken, or one is of an image that another was of or that the
     *                        dataset has not
     */
    ResultsFile(Path file, int datasetSize) {
        this.datasetSize = datasetSize;
        this.lines = new LineFile(file, "a result", (line, number) -> add(line, file + ":" + number));
    }

    /** What became of each image, by its index. */
    SortedMap<Integer, Outcome> outcomes() {
        return outcomes;
    }

    /** Why an image has no result, by its index. */
    SortedMap<Integer, FailedImage> failures() {
        return failures;
    }

    /** How many bytes of a torn last line were cut off. */
    long tornBytes() {
        return lines.tornBytes();
    }

    /** Every result in full, in the order of finishing. @throws InputException if one is not as it was written */
    List<ImageResult> results() {
        var results = new ArrayList<ImageResult>();
        int number = 1;
        try (var reader = Files.newBufferedReader(lines.file())) {
            for (String line = reader.readLine(); line != null; line = reader.readLine(), number++) {
                if (FailedImage.parse(line) == null) {
                    results.add(ImageResult.parse(line));
                }
            }
        } catch (JsonProcessingException e) {
            throw new InputException(lines.file() + ":" + number + ": not a result with its errors", e);
        } catch (IOException e) {
            throw InputException.unreadable(lines.file(), e);
        }
        return results;
    }

    /** Adds a line, which is on the disk on return; when that fails the file is as before. */
    void append(ImageResult result) {
        requireNoResult(result.index());
        lines.append(result.toJsonLine());
        outcomes.put(result.index(), result.outcome());
        failures.remove(result.index());
    }

    /** Likewise, unless the same is there already. */
    void append(FailedImage failure) {
        requireNoResult(failure.index());
        if (!failure.equals(failures.get(failure.index()))) {
            lines.append(failure.toJsonLine());
            failures.put(failure.index(), failure);
        }
    }

    private void requireNoResult(int index) {
        Objects.checkIndex(index, datasetSize);
        if (outcomes.containsKey(index)) {
            throw new IllegalArgumentException("image " + index + " already has its result");
        }
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }

    /** Takes a line that is there; false if it is neither a result nor a failure. */
    private boolean add(byte[] line, String where) throws IOException {
        Outcome outcome = parse(line, OUTCOME);
        FailedImage failure = outcome == null ? parse(line, FAILURE) : null;
        if (outcome != null) {
            requireNew(outcome.index(), where);
            outcomes.put(outcome.index(), outcome);
            failures.remove(outcome.index());
        } else if (failure != null) {
            requireNew(failure.index(), where);
            failures.put(failure.index(), failure);
        }
        return outcome != null || failure != null;
    }

    private void requireNew(int index, String where) {
        if (index < 0 || index >= datasetSize) {
            throw new InputException(where + ": the image has index " + index
                    + ", expected one below the dataset's size, " + datasetSize);
        }
        if (outcomes.containsKey(index)) {
            throw new InputException(where + ": a second result of the image with index " + index);
        }
    }

    /** Null for a line that is not what is read. */
    private static <T> T parse(byte[] line, ObjectReader as) throws IOException {
        try {
            return as.readValue(line);
        } catch (JsonProcessingException e) {
            return null;
        }
    }
}
