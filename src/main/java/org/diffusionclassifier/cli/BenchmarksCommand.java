package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.benchmark.Benchmark;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Benchmarks;
import org.diffusionclassifier.benchmark.Figure;
import org.diffusionclassifier.report.BenchmarkText;
import org.diffusionclassifier.report.html.BenchmarksPage;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code benchmarks}: those that there are, or what runs of them came to beside what was published. */
@Command(name = "benchmarks", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Lists the published benchmarks that benchmark runs, or compares results with what "
                + "was published.")
final class BenchmarksCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--results", paramLabel = "DIR",
            description = "What benchmark wrote to folders in there, beside what was published.")
    private Path results;

    @Mixin
    private JsonOption json;

    @Mixin
    private ReportOptions report;

    /** A benchmark for programs. */
    private record Entry(String name, String title, int images, int classes, List<String> splits, List<Figure> figures,
            String layout, String page, String licence) {

        static Entry of(Benchmark benchmark) {
            return new Entry(benchmark.name(), benchmark.title(), benchmark.images(), benchmark.classes(),
                    benchmark.splits(), benchmark.figures(), benchmark.layout().text(), benchmark.layout().page(),
                    benchmark.layout().licence());
        }
    }

    @Override
    public Integer call() {
        if (results == null && report.isWanted()) {
            throw new InputException("--report: expected --results beside it");
        }
        json.check();
        report.check();
        List<Benchmark> benchmarks = Benchmarks.all();
        if (results == null) {
            spec.commandLine().getOut().print(BenchmarkText.list(benchmarks));
            json.write(benchmarks.stream().map(Entry::of).toList());
        } else {
            List<BenchmarkResult> found = BenchmarkResult.readAll(results);
            found.forEach(result -> Benchmarks.of(result.benchmark()));
            spec.commandLine().getOut().print(BenchmarkText.results(benchmarks, found));
            report.write(() -> BenchmarksPage.of(benchmarks, found));
            json.write(found);
        }
        spec.commandLine().getOut().flush();
        return 0;
    }
}
