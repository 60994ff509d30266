package org.diffusionclassifier.report.html;

import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.benchmark.Benchmark;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Figure;
import org.diffusionclassifier.report.BenchmarkText;
import org.diffusionclassifier.result.ClassMean;

/** The page of benchmarks: what was published, and what runs came to. */
public final class BenchmarksPage {

    private BenchmarksPage() {
    }

    /** @param results at least one, each of one of the benchmarks */
    public static Page of(List<Benchmark> benchmarks, List<BenchmarkResult> results) {
        var page = new Page("Benchmarks");
        var table = new Table("benchmark", "split", "metric", "published", "ours", "mean of the classes", "images",
                "pairs each", "remarks");
        var sources = new TreeMap<String, String>();
        for (Benchmark benchmark : benchmarks) {
            for (BenchmarkResult result : results) {
                if (result.benchmark().equals(benchmark.name())) {
                    List<Figure> figures = benchmark.figures(result.byLabels(), result.split());
                    figures.forEach(figure -> sources.put(benchmark.name() + " " + result.split(), figure.toString()));
                    table.row(benchmark.title(), result.split(), result.metric(), BenchmarkText.percents(figures),
                            result.correct(), result.classMean() == null ? "" : withInterval(result.classMean()),
                            result.correct().of(), Html.of("%.0f", result.pairs()),
                            BenchmarkText.remarks(benchmark, result));
                }
            }
        }
        page.section("Published and ours", table.render(),
                Html.of("<p class=\"note\">Percentages, with 95 %% intervals. In brackets: listed without its "
                        + "settings.</p>"));
        if (!sources.isEmpty()) {
            page.section("What was published", Html.of("<ul>%n%s%n</ul>", Html.join(sources.entrySet().stream()
                    .map(entry -> Html.of("<li>%s: %s</li>", entry.getKey(), entry.getValue())).toList())));
        }
        return page.settings(settings(results));
    }

    private static Html withInterval(ClassMean mean) {
        return Html.of("%.1f\u00a0%% <span class=\"interval\">(%.1f to %.1f)</span>", 100 * mean.share(),
                100 * mean.low(), 100 * mean.high());
    }

    /** A run's settings under its benchmark's name, as one line. */
    private static SortedMap<String, String> settings(List<BenchmarkResult> results) {
        var settings = new TreeMap<String, String>();
        for (int i = 0; i < results.size(); i++) {
            settings.put(String.format(Locale.ROOT, "%s %s, run %d", results.get(i).benchmark(), results.get(i).split(),
                    i + 1), results.get(i).settings().toString());
        }
        return settings;
    }
}
