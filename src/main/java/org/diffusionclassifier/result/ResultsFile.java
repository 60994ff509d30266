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
 * {@code results.jsonl}: one {@link ImageResult} a line, added to as images are finished. A kill tears its last line at
 * worst, which the next opening cuts off. Of what it read it keeps no errors, and holds one line at a time: an image of
 * ImageNet's makes megabytes.
 */
final class ResultsFile implements AutoCloseable {

    private static final ObjectReader OUTCOME = JsonFile.reader(Outcome.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final Path file;
    private final int datasetSize;
    private final SortedMap<Integer, Outcome> outcomes = new TreeMap<>();
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

    /** How many bytes of a torn last line were cut off. */
    long tornBytes() {
        return tornBytes;
    }

    /** Every result in full, in the order of finishing. @throws InputException if one is not as it was written */
    List<ImageResult> results() {
        var results = new ArrayList<ImageResult>();
        try (var lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                results.add(ImageResult.parse(line));
            }
        } catch (JsonProcessingException e) {
            throw new InputException(file + ":" + (results.size() + 1) + ": not a result with its errors", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        return results;
    }

    /** Adds a line, which is on the disk on return; when that fails the file is as before. */
    void append(ImageResult result) {
        Objects.checkIndex(result.index(), datasetSize);
        if (outcomes.containsKey(result.index())) {
            throw new IllegalArgumentException("image " + result.index() + " already has its result");
        }
        var line = ByteBuffer.wrap(result.toJsonLine());
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
        outcomes.put(result.index(), result.outcome());
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
                var outcome = parse(line);
                if (outcome == null) {
                    broken = number;
                } else {
                    add(outcome, number);
                    length += line.length;
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private void add(Outcome outcome, int number) {
        int index = outcome.index();
        if (index < 0 || index >= datasetSize) {
            throw new InputException(file + ":" + number + ": the image has index " + index
                    + ", expected one below the dataset's size, " + datasetSize);
        }
        if (outcomes.putIfAbsent(index, outcome) != null) {
            throw new InputException(file + ":" + number + ": a second result of the image with index " + index);
        }
    }

    /** Null for a line that is broken off or is no result. */
    private static Outcome parse(byte[] line) throws IOException {
        if (line[line.length - 1] != '\n') {
            return null;
        }
        try {
            return OUTCOME.readValue(line);
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
