package org.diffusionclassifier.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.ClassMean;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a run of a benchmark came to; {@code benchmark.json} in the run's folder has these fields in this order.
 *
 * @param benchmark by its name
 * @param split     of the pictures
 * @param byLabels  whether the model is conditioned on labels, not captions
 * @param metric    what {@code correct} is a share of
 * @param correct   the result
 * @param classMean mean of the classes; null where there are none
 * @param pairs     evaluated for a picture or an example, on average
 * @param changed   what was not as the benchmark has it, a few words each
 * @param settings  what the result depends on, by name
 */
public record BenchmarkResult(String benchmark, String split, boolean byLabels, String metric, Proportion correct,
        ClassMean classMean, double pairs, List<String> changed, SortedMap<String, String> settings) {

    private static final String FILE = "benchmark.json";
    private static final int DEPTH = 3;

    public BenchmarkResult {
        changed = List.copyOf(changed);
    }

    /** Writes it into a run's folder. @throws InputException if that cannot be written */
    public void write(Path folder) {
        JsonFile.write(folder.resolve(FILE), this);
    }

    /**
     * Reads the results in a folder and in those below, down to the third level, by the folders' names.
     *
     * @return at least one
     * @throws InputException if there is none, or one is broken
     */
    public static List<BenchmarkResult> readAll(Path folder) {
        var results = new ArrayList<BenchmarkResult>();
        for (Path file : files(folder)) {
            try {
                results.add(JsonFile.reader(BenchmarkResult.class).readValue(Files.readAllBytes(file)));
            } catch (JsonProcessingException e) {
                throw new InputException(file + ": expected what benchmark wrote, found other JSON, or none", e);
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
        if (results.isEmpty()) {
            throw InputException.of("%s: expected folders that benchmark wrote (%s) in %s, found none",
                    InputException.field("results"), FILE, folder);
        }
        return results;
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.walk(folder, DEPTH)) {
            return files.filter(file -> file.getFileName() != null && file.getFileName().toString().equals(FILE))
                    .sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    /** How it compares with a figure: {@code lower}, {@code higher}, or {@code as published} within the interval. */
    public String compared(Figure figure) {
        double published = figure.percent() / 100;
        return published > correct.high() ? "lower" : published < correct.low() ? "higher" : "as published";
    }
}
