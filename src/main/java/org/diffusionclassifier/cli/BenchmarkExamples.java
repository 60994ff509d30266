package org.diffusionclassifier.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.Answer;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.benchmark.Benchmark;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Task;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.dataset.published.CaptionChoice;
import org.diffusionclassifier.dataset.published.RefCoco;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.report.MatchingText;
import org.diffusionclassifier.report.ReferringText;
import org.diffusionclassifier.report.html.MatchPage;
import org.diffusionclassifier.report.html.ReferPage;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.diffusionclassifier.result.ChoiceSummary;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.result.ReferringSummary;
import org.diffusionclassifier.result.Scoring;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine;

/** Benchmarks of examples: which caption is a picture's, and which box an expression's. */
final class BenchmarkExamples {

    private static final String SUMMARY = "summary.json";

    private final Main main;
    private final CommandLine commandLine;
    private final EvaluationOptions options;
    private final ModelOptions model;
    private final TrialOptions trials;

    BenchmarkExamples(Main main, CommandLine commandLine, EvaluationOptions options, ModelOptions model,
            TrialOptions trials) {
        this.main = main;
        this.commandLine = commandLine;
        this.options = options;
        this.model = model;
        this.trials = trials;
    }

    BenchmarkResult run(Benchmark benchmark, Path data, String split) {
        main.note(benchmark.notices(data, split));
        return benchmark.task() instanceof Task.MatchTask matching ? match(benchmark, matching, data, split)
                : benchmark.task() instanceof Task.ChoiceTask choosing ? choose(benchmark, choosing, data, split)
                : refer(benchmark, (Task.ReferTask) benchmark.task(), data, split);
    }

    private BenchmarkResult match(Benchmark benchmark, Task.MatchTask task, Path data, String split) {
        List<MatchingExample> examples = options.examples(benchmark.open(task, data, split));
        int nSamples = trials.nSamples(task.nSamples());
        TrialSpec drawn = trials.trials(Objective.L2);
        prepare();
        // Two pictures, each with two captions and with none.
        announce(benchmark, split, examples.size(), 6L * nSamples * drawn.nTrials() * examples.size());
        try (var opened = model.open(main);
                var progress = new Progress(commandLine.getCommandName(), examples.size(), commandLine.getErr())) {
            var page = new MatchPage();
            Answer<MatchingSummary> answer = opened.matching().trials(drawn).nSamples(nSamples)
                    .turning(Turning.STORED).failFast(options.failFast).keptIn(options.out, options.verify)
                    .examples(examples, (pictures, example) -> {
                        if (options.report.isWanted()) {
                            page.add(pictures, example);
                        }
                        progress.step("");
                    });
            MatchingSummary summary = answer.value();
            finish(answer, summary, MatchingText.scores(summary), summary.failed());
            options.report.write(() -> page.examples(summary));
            return result(benchmark, split, "text score", summary.scores(Scoring.RAW).get(0).text(), answer,
                    changed(task.nSamples(), nSamples, drawn));
        }
    }

    private BenchmarkResult choose(Benchmark benchmark, Task.ChoiceTask task, Path data, String split) {
        List<CaptionChoice> choices = options.examples(benchmark.open(task, data));
        int nSamples = trials.nSamples(task.nSamples());
        TrialSpec drawn = trials.trials(Objective.L2);
        prepare();
        // A picture with two captions and with none.
        announce(benchmark, split, choices.size(), 3L * nSamples * drawn.nTrials() * choices.size());
        try (var opened = model.open(main);
                var progress = new Progress(commandLine.getCommandName(), choices.size(), commandLine.getErr())) {
            Answer<ChoiceSummary> answer = opened.matching().trials(drawn).nSamples(nSamples)
                    .turning(Turning.STORED).failFast(options.failFast).keptIn(options.out, options.verify)
                    .choices(choices, () -> progress.step(""));
            ChoiceSummary summary = answer.value();
            finish(answer, summary, MatchingText.choices(summary), summary.failed());
            options.report.write(() -> MatchPage.choices(summary));
            return result(benchmark, split, "accuracy", summary.correct(), answer,
                    changed(task.nSamples(), nSamples, drawn));
        }
    }

    private BenchmarkResult refer(Benchmark benchmark, Task.ReferTask task, Path data, String split) {
        RefCoco read = benchmark.open(task, data, split);
        main.note(read.notices());
        List<ReferringExample> examples = options.examples(read.examples());
        int nSamples = trials.nSamples(task.nSamples());
        TrialSpec drawn = trials.trials(Objective.L2);
        prepare();
        // A box by itself and with all else black, each with the expression and without.
        long boxes = examples.stream().mapToLong(example -> example.boxes().size()).sum();
        announce(benchmark, split, examples.size(), 4L * nSamples * drawn.nTrials() * boxes);
        try (var opened = model.open(main);
                var progress = new Progress(commandLine.getCommandName(), examples.size(), commandLine.getErr())) {
            var page = new ReferPage();
            Answer<ReferringSummary> answer = opened.referring().trials(drawn).nSamples(nSamples)
                    .turning(Turning.STORED).failFast(options.failFast).keptIn(options.out, options.verify)
                    .examples(examples, (picture, example) -> {
                        if (options.report.isWanted()) {
                            page.add(picture, example);
                        }
                        progress.step("");
                    });
            ReferringSummary summary = answer.value();
            finish(answer, summary, ReferringText.accuracies(summary), summary.failed());
            options.report.write(() -> page.examples(summary));
            return result(benchmark, split, "accuracy", headline(summary), answer,
                    changed(task.nSamples(), nSamples, drawn));
        }
    }

    /** That of both ways of showing a box together, less the error without the expression. */
    private static Proportion headline(ReferringSummary summary) {
        return summary.accuracies().stream().filter(accuracy -> accuracy.method().equalsIgnoreCase(Method.SUM.name())
                && accuracy.scoring().equals(Scoring.LESS_UNCONDITIONAL.toString())).findFirst()
                .orElseThrow().correct();
    }

    private void prepare() {
        try {
            Files.createDirectories(options.out);
        } catch (IOException e) {
            throw InputException.unwritable(options.out, e);
        }
        OutputFile.requireWritable("--out", options.out.resolve(SUMMARY));
        options.check();
    }

    private void announce(Benchmark benchmark, String split, int examples, long pairs) {
        commandLine.getOut().printf(Locale.ROOT, "%s, %s: %,d examples, at most %,d pairs in all%n", benchmark.title(),
                split, examples, pairs);
        commandLine.getOut().flush();
    }

    private void finish(Answer<?> answer, Object summary, String text, List<String> failed) {
        main.note(answer.notices());
        main.noteFailures(failed);
        commandLine.getOut().println(text);
        JsonFile.write(options.out.resolve(SUMMARY), summary);
    }

    private List<String> changed(int nSamples, int found, TrialSpec drawn) {
        var changed = new ArrayList<String>();
        if (found != nSamples) {
            changed.add(found + " timesteps");
        }
        changed.addAll(DrawOptions.changes(drawn, Objective.L2));
        if (options.limit != null) {
            changed.add("some of the examples");
        }
        if (options.isShard()) {
            changed.add("a share of the examples");
        }
        return changed;
    }

    private static BenchmarkResult result(Benchmark benchmark, String split, String metric, Proportion correct,
            Answer<?> answer, List<String> changed) {
        return new BenchmarkResult(benchmark.name(), split, false, metric, correct, null,
                (double) answer.pairs() / correct.of(), changed, answer.settings());
    }
}
