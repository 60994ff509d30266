package org.diffusionclassifier.jmh.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.report.Build;
import org.diffusionclassifier.tensor.InputException;

/**
 * One run of benchmarks: what report.json says.
 *
 * @param date    when it was done, UTC, as ISO 8601 writes it
 * @param commit  of the sources that the jar was built from, with {@code -dirty} if they had been edited
 * @param results JMH's own, in its own format, whole
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Report(String date, String commit, Machine machine, JsonNode results) {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** @param results JMH's array of results */
    public static Report now(Machine machine, String results) {
        try {
            return new Report(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), Build.commit(), machine,
                    MAPPER.readTree(results));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws InputException if the file is no report */
    public static Report read(Path file) {
        try {
            Report report = MAPPER.readValue(Files.readAllBytes(file), Report.class);
            if (report == null || report.machine == null || report.results == null || !report.results.isArray()) {
                throw new InputException("expected machine and results, as --report writes them, found neither or one");
            }
            report.measurements();
            return report;
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected a report.json, found " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        } catch (InputException e) {
            throw new InputException(file + ": " + e.getMessage(), e);
        }
    }

    public List<Measurement> measurements() {
        return StreamSupport.stream(results.spliterator(), false).map(Measurement::read).toList();
    }

    /** The Java that the benchmarks ran on. */
    String jdk() {
        return StreamSupport.stream(results.spliterator(), false)
                .map(result -> result.path("vmName").asText() + " " + result.path("vmVersion").asText()).distinct()
                .collect(Collectors.joining(", "));
    }

    /** @throws InputException if the file cannot be written */
    public void write(Path file) {
        var json = new LinkedHashMap<String, Object>();
        json.put("date", date);
        json.put("commit", commit);
        json.put("jdk", jdk());
        json.put("machine", machine);
        json.put("results", results);
        JsonFile.write(file, json);
    }
}
