package org.diffusionclassifier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.diffusionclassifier.benchmark.Benchmark;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Figure;

/** Benchmarks and their results for a person at a terminal. */
public final class BenchmarkText {

    private static final String NONE = "-";
    private static final String LEFT_OUT = "The paper's figures for DiT-XL/2 are not in this table.\n";

    private BenchmarkText() {
    }

    /** The benchmarks, two lines each: what they are and what was published, then how they lie on disk. */
    public static String list(List<Benchmark> benchmarks) {
        var text = new StringBuilder(line("name", "images", "classes", "published"));
        for (Benchmark benchmark : benchmarks) {
            text.append(line(benchmark.name(), count(benchmark.images()), count(benchmark.classes()),
                    published(benchmark.figures())));
            text.append("    ").append(benchmark.layout().text()).append("; ").append(benchmark.layout().page())
                    .append(" (").append(benchmark.layout().licence()).append(")\n");
        }
        return text.append(LEFT_OUT).toString();
    }

    private static String line(String name, String images, String classes, String published) {
        return String.format(Locale.ROOT, "%-29s %7s %8s  %s%n", name, images, classes, published);
    }

    private static String count(int number) {
        return number == 0 ? NONE : String.format(Locale.ROOT, "%,d", number);
    }

    private static String published(List<Figure> figures) {
        return figures.isEmpty() ? NONE : figures.stream().map(Figure::toString).collect(Collectors.joining("; "));
    }

    /** What a run came to, how that compares with what was published, and what was not as published. */
    public static String compared(Benchmark benchmark, BenchmarkResult result) {
        var text = new StringBuilder(String.format(Locale.ROOT, "%n%s, %s: %s %s%s, with 95 %% intervals%n",
                benchmark.title(), result.split(), result.metric(), result.correct(),
                result.classMean() == null ? "" : ", mean of the classes " + result.classMean()));
        List<Figure> figures = benchmark.figures(result.byLabels(), result.split());
        for (Figure figure : figures) {
            text.append("published: ").append(figure).append("; this run is ").append(verdict(result, figure))
                    .append('\n');
        }
        if (figures.isEmpty()) {
            text.append("nothing is known to be published of this split with this kind of model\n");
        }
        if (!result.changed().isEmpty()) {
            text.append("not as the benchmark has it: ").append(String.join(", ", result.changed())).append('\n');
        }
        return text.toString();
    }

    private static String verdict(BenchmarkResult result, Figure figure) {
        String compared = result.compared(figure);
        return compared.equals("as published") ? "within its interval of it" : compared;
    }

    /**
     * Published figures and results beside each other, a line a result; a benchmark without results has one if
     * something was published.
     *
     * @param results of any of the benchmarks
     */
    public static String results(List<Benchmark> benchmarks, List<BenchmarkResult> results) {
        var text = new StringBuilder(row("benchmark", "split", "published", "ours (95 % interval)",
                "mean of the classes", "pairs", ""));
        for (Benchmark benchmark : benchmarks) {
            var own = results.stream().filter(result -> result.benchmark().equals(benchmark.name())).toList();
            for (BenchmarkResult result : own) {
                text.append(row(benchmark.name(), result.split(),
                        percents(benchmark.figures(result.byLabels(), result.split())), result.correct().toString(),
                        result.classMean() == null ? NONE : result.classMean().toString(),
                        String.format(Locale.ROOT, "%.0f", result.pairs()), remarks(benchmark, result)));
            }
            if (own.isEmpty() && !benchmark.figures().isEmpty()) {
                text.append(row(benchmark.name(), benchmark.splits().get(0),
                        percents(benchmark.figures(false, benchmark.splits().get(0))), NONE, NONE, NONE, ""));
            }
        }
        return text.toString();
    }

    /** Figures as percentages; what is listed only, in brackets. */
    public static String percents(List<Figure> figures) {
        return figures.isEmpty() ? NONE : figures.stream().map(figure -> figure.source() == Figure.Source.LISTED
                ? "(" + figure.percent() + ")" : String.valueOf(figure.percent()))
                .collect(Collectors.joining(" "));
    }

    /** How a result compares, by which model, and what it was reached with that is not as published. */
    public static String remarks(Benchmark benchmark, BenchmarkResult result) {
        var remarks = new ArrayList<String>();
        remarks.add(benchmark.figures(result.byLabels(), result.split()).stream().findFirst().map(result::compared)
                .orElse("no published figure known"));
        String model = result.settings().getOrDefault("model", "");
        remarks.add("model " + model.substring(model.lastIndexOf('/') + 1) + (result.byLabels() ? ", by labels" : ""));
        remarks.addAll(result.changed());
        return String.join(", ", remarks);
    }

    private static String row(String name, String split, String published, String ours, String mean, String pairs,
            String remarks) {
        return String.format(Locale.ROOT, "%-29s %-8s %9s  %-22s  %-22s  %7s  %s", name, split, published, ours, mean,
                pairs, remarks).stripTrailing() + "\n";
    }
}
