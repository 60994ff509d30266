package org.diffusionclassifier.jmh.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.diffusionclassifier.tensor.InputException;

/**
 * What JMH measured of one benchmark with one choice of parameters.
 *
 * @param benchmark the class's name, without {@code Benchmark}
 * @param mode      JMH's: {@code thrpt}, {@code avgt}, …
 * @param primary   its score: calls a second, or seconds a call
 * @param secondary the benchmark's own counters
 */
public record Measurement(String benchmark, String mode, SortedMap<String, String> params, Score primary,
                          SortedMap<String, Score> secondary) {

    /** Counters that say how much was done, the best first: a call may do any amount of it, and so says little. */
    private static final List<String> WORK = List.of("pairs", "GFLOP", "MB", "GB");

    /** Counters that are ratios. */
    private static final List<String> RATIOS = List.of("efficiency", "linearEfficiency", "ofBound");

    /** @throws InputException if it is no result of JMH's */
    static Measurement read(JsonNode result) {
        String name = result.path("benchmark").asText();
        JsonNode metric = result.path("primaryMetric");
        if (name.isEmpty() || !metric.isObject()) {
            throw new InputException("expected a benchmark with a primaryMetric, found neither");
        }
        var params = new TreeMap<String, String>();
        result.path("params").properties().forEach(param -> params.put(param.getKey(), param.getValue().asText()));
        var secondary = new TreeMap<String, Score>();
        result.path("secondaryMetrics").properties().forEach(counter -> {
            String unit = RATIOS.contains(counter.getKey()) ? "" : counter.getKey() + "/s";
            secondary.put(counter.getKey(), Score.read(counter.getValue(), unit));
        });
        String method = name.substring(0, Math.max(0, name.lastIndexOf('.')));
        return new Measurement(method.substring(method.lastIndexOf('.') + 1).replaceFirst("Benchmark$", ""),
                result.path("mode").asText(), params, Score.read(metric, metric.path("scoreUnit").asText()), secondary);
    }

    /** What makes two measurements ones of the same thing. */
    String key() {
        return benchmark + " " + mode + " " + params;
    }

    /** The parameters that say something, in a line. */
    String label() {
        return params.entrySet().stream()
                .filter(param -> !param.getValue().equals("auto") && !param.getValue().equals("native"))
                .map(param -> param.getKey() + " " + param.getValue()).collect(Collectors.joining(", "));
    }

    /** What to look at, by name: efficiency where it was measured, and the work done a second. */
    Map<String, Score> headlines() {
        var headlines = new LinkedHashMap<String, Score>();
        if (secondary.containsKey("efficiency")) {
            headlines.put("efficiency", secondary.get("efficiency"));
        }
        var work = WORK.stream().filter(name -> secondary.containsKey(name) && secondary.get(name).value() > 0).findFirst();
        headlines.put(work.orElse("score"), work.map(secondary::get).orElse(primary));
        return headlines;
    }

    boolean higherIsBetter() {
        return mode.equals("thrpt");
    }
}
