package org.diffusionclassifier.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * {@code results.jsonl}: one {@link ImageResult} or {@link FailedImage} a line, added to as images are finished; an
 * image that failed may get its result in a later line. A kill tears the last line at worst, which the next opening
 * cuts off. Of what it read it keeps no errors, and holds one line at a time: an image of ImageNet's makes megabytes.
 */
final class ResultsFile implements AutoCloseable {

    private static final ObjectReader OUTCOME = JsonFile.reader(Outcome.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    private static final ObjectReader FAILURE = JsonFile.reader(FailedImage.class);

    private final Path file;
    private final int datasetSize;
    private final SortedMap<Integer, Outcome> outcomes = new TreeMap<>();
    private final SortedMap<Integer, FailedImage> failures = new TreeMap<>();
    private final FileChannel channel;
    private final long tornBytes;
    private long length; // in bytes, of whole lines

    /**
     * Opens or creates the file.
     *
     * @throws InputException if a line before the last is broken, or one is of an image that another was of or that the
     *                        dataset has not
     */
    ResultsFile(Path file, int datasetSize) {
        this.file = file;
        this.datasetSize = datasetSize;
        if (Files.exists(file)) {
            readLines();
        }
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            tornBytes = channel.size() - length;
            channel.truncate(length);
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
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
        return tornBytes;
    }

    /** Every result in full, in the order of finishing. @throws InputException if one is not as it was written */
    List<ImageResult> results() {
        var results = new ArrayList<ImageResult>();
        int number = 1;
        try (var lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine(), number++) {
                if (!isFailure(line)) {
                    results.add(ImageResult.parse(line));
                }
            }
        } catch (JsonProcessingException e) {
            throw new InputException(file + ":" + number + ": not a result with its errors", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        return results;
    }

    private static boolean isFailure(String line) {
        try {
            FAILURE.readValue(line);
            return true;
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** Adds a line, which is on the disk on return; when that fails the file is as before. */
    void append(ImageResult result) {
        requireNoResult(result.index());
        append(result.toJsonLine());
        outcomes.put(result.index(), result.outcome());
        failures.remove(result.index());
    }

    /** Likewise, unless the same is there already. */
    void append(FailedImage failure) {
        requireNoResult(failure.index());
        if (!failure.equals(failures.get(failure.index()))) {
            append(failure.toJsonLine());
            failures.put(failure.index(), failure);
        }
    }

    private void requireNoResult(int index) {
        Objects.checkIndex(index, datasetSize);
        if (outcomes.containsKey(index)) {
            throw new IllegalArgumentException("image " + index + " already has its result");
        }
    }

    private void append(byte[] bytes) {
        var line = ByteBuffer.wrap(bytes);
        try {
            try {
                while (line.hasRemaining()) { // once, but for a full disk
                    channel.write(line, length + line.position());
                }
                channel.force(false);
            } catch (IOException e) {
                channel.truncate(length);
                throw e;
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
        length += line.limit();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void readLines() {
        try (var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            int broken = 0; // the number of the broken line, 0 for none
            byte[] line;
            for (int number = 1; (line = readLine(in)).length > 0; number++) {
                if (broken > 0) {
                    throw new InputException(file + ":" + broken + ": not a result (and not the last line, which a kill"
                            + " may tear)");
                }
                Outcome outcome = parse(line, OUTCOME);
                FailedImage failure = outcome == null ? parse(line, FAILURE) : null;
                if (outcome != null) {
                    add(outcome, number);
                } else if (failure != null) {
                    add(failure, number);
                } else {
                    broken = number;
                    continue;
                }
                length += line.length;
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private void add(Outcome outcome, int number) {
        requireNew(outcome.index(), number);
        outcomes.put(outcome.index(), outcome);
        failures.remove(outcome.index());
    }

    private void add(FailedImage failure, int number) {
        requireNew(failure.index(), number);
        failures.put(failure.index(), failure);
    }

    private void requireNew(int index, int number) {
        if (index < 0 || index >= datasetSize) {
            throw new InputException(file + ":" + number + ": the image has index " + index
                    + ", expected one below the dataset's size, " + datasetSize);
        }
        if (outcomes.containsKey(index)) {
            throw new InputException(file + ":" + number + ": a second result of the image with index " + index);
        }
    }

    /** Null for a line that is broken off or is not what is read. */
    private static <T> T parse(byte[] line, ObjectReader as) throws IOException {
        if (line[line.length - 1] != '\n') {
            return null;
        }
        try {
            return as.readValue(line);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** The next line with its newline; the last may lack it; empty at the end. */
    private static byte[] readLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0) {
            line.write(next);
            if (next == '\n') {
                break;
            }
        }
        return line.toByteArray();
    }
}
