package org.diffusionclassifier.result.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The directory of one run of examples, from which a killed run goes on. Beside settings, inputs and lock, which {@link
 * RunDirectory} describes, it has {@code results.jsonl}: a line an example, in the order of answering,
 * <pre>{"index":3,"example":"9c56…","pairs":600,"answer":{…}}</pre>
 * For one thread.
 *
 * @param <A> the answer to an example: a record of JSON's values
 */
public final class ExampleRun<A> implements AutoCloseable {

    private static final ObjectReader LINE = JsonFile.reader(Line.class);

    private final Path directory;
    private final RunFolder folder;
    private final LineFile lines;
    private final ObjectReader answers;
    private final SortedMap<Integer, Answered<A>> answered = new TreeMap<>();

    private record Line(int index, String example, long pairs, JsonNode answer) {
    }

    /**
     * An example's answer.
     *
     * @param example a digest of what was asked
     * @param pairs   evaluated for it
     */
    public record Answered<A>(String example, long pairs, A answer) {
    }

    private ExampleRun(Path directory, SortedMap<String, String> settings, Class<A> type) {
        this.directory = directory;
        this.answers = JsonFile.reader(type);
        this.folder = RunFolder.open(directory, settings);
        this.lines = folder.holding(file -> new LineFile(file, "an answer", (line, number) ->
                add(line, file + ":" + number)));
    }

    /**
     * Creates the directory, or goes on with the run in it; a last line that a kill tore is cut off.
     *
     * @param settings what the answers depend on, by name
     * @throws InputException as {@link RunDirectory#open}
     */
    public static <A> ExampleRun<A> open(Path directory, SortedMap<String, String> settings, Class<A> type) {
        return new ExampleRun<>(directory, settings, type);
    }

    private boolean add(byte[] bytes, String where) throws IOException {
        Line line;
        A answer;
        try {
            line = LINE.readValue(bytes);
            answer = answers.readValue(line.answer);
        } catch (JsonProcessingException e) {
            return false;
        }
        if (answered.putIfAbsent(line.index, new Answered<>(line.example, line.pairs, answer)) != null) {
            throw new InputException(where + ": a second answer to the example with index " + line.index);
        }
        return true;
    }

    /** As {@link RunDirectory#checkInputs}. */
    public void checkInputs(Collection<Path> used, Collection<Path> all, boolean hashed) {
        folder.checkInputs(used, all, hashed);
    }

    /** How many bytes of a torn last line were cut off; 0 for none. */
    public long repairedBytes() {
        return lines.tornBytes();
    }

    /** The answers so far, by their examples' indices. */
    public SortedMap<Integer, Answered<A>> answered() {
        return Collections.unmodifiableSortedMap(answered);
    }

    /**
     * Adds the answer to an example that has none yet. It is on the disk on return.
     *
     * @throws InputException if it cannot be written; what was there before still is
     */
    public void append(int index, Answered<A> answer) {
        var line = new Line(index, answer.example, answer.pairs, JsonFile.MAPPER.valueToTree(answer.answer));
        try {
            lines.append((JsonFile.MAPPER.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        answered.put(index, answer);
    }

    /** Lets other processes in. */
    @Override
    public void close() {
        try (folder; lines) {
            // closes the lines, then the folder
        } catch (IOException e) {
            throw InputException.unwritable(directory, e);
        }
    }
}
