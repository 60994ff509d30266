package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.benchmark.Benchmark;
import org.diffusionclassifier.benchmark.BenchmarkResult;
import org.diffusionclassifier.benchmark.Benchmarks;
import org.diffusionclassifier.benchmark.DataDownload;
import org.diffusionclassifier.benchmark.Task;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.BenchmarkText;
import org.diffusionclassifier.result.ClassMean;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code benchmark}: a published benchmark by its name: evaluate, match or refer with everything else known. */
@Command(name = "benchmark", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a published benchmark as the paper did, and compares the result with the paper's. Options "
                + "override the benchmark's settings. A second start with the same --out resumes a run that tells "
                + "classes apart.")
final class BenchmarkCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "Which one: the command benchmarks lists them.")
    private String name;

    @Option(names = "--data", required = true, paramLabel = "DIR",
            description = "The data set's folder, as published or as torchvision has it; the folder that holds that; "
                    + "or, where the benchmark's layout has one, the archive.")
    private Path data;

    @Option(names = "--download",
            description = "Fetch the data set into the folder --data before the run, where anyone may have it: what is "
                    + "missing of it, checked by its published hash. Goes on where an earlier download broke.")
    private boolean download;

    @Option(names = "--split", paramLabel = "NAME",
            description = "Of the data set. Default: the one that results are published of.")
    private String split;

    @Option(names = "--prompts", paramLabel = "CSV",
            description = "Captions, or a DiT's labels, in place of the benchmark's, columns "
                    + "prompt,classname,classidx, classes numbered as in the benchmark.")
    private Path prompts;

    @Mixin
    private EvaluationOptions options;

    @Mixin
    private ModelOptions model;

    @Mixin
    private TrialOptions trials;

    @Override
    public Integer call() {
        Benchmark benchmark = Benchmarks.of(name);
        String chosen = benchmark.split(split);
        if (download) {
            fetch(DataDownload.of(benchmark, data));
        }
        BenchmarkResult result = benchmark.task() instanceof Task.ClassTask classification
                ? classify(benchmark, classification, chosen)
                : examples(benchmark, chosen);
        if (result == null) {       // planned
            return 0;
        }
        result.write(options.out);
        spec.commandLine().getOut().print(BenchmarkText.compared(benchmark, result));
        spec.commandLine().getOut().flush();
        return 0;
    }

    private void fetch(DataDownload missing) {
        if (missing.bytes() > 0) {
            spec.commandLine().getOut().println(missing.terms());
            spec.commandLine().getOut().flush();
            try (ProgressBar bar = Progress.bar("download", " MB", 1_000_000, missing.bytes(),
                    spec.commandLine().getErr())) {
                missing.run(bar::stepBy);
            }
        }
    }

    private BenchmarkResult examples(Benchmark benchmark, String chosen) {
        options.requireExamples(benchmark.name());
        if (prompts != null || trials.isMoreThanNSamples()) {
            throw new InputException("--prompts and options of strategies but --n-samples: expected none of them, as "
                    + benchmark.name() + " is not about classes");
        }
        return new BenchmarkExamples(main, spec.commandLine(), options, model, trials).run(benchmark, data, chosen);
    }

    /** @return null if the run was only planned */
    private BenchmarkResult classify(Benchmark benchmark, Task.ClassTask task, String chosen) {
        try (Dataset pictures = benchmark.open(task, data, chosen); DiffusionModel opened = model.open(main)) {
            boolean byLabels = !opened.labels().isEmpty();
            if (byLabels && task.labels() == null) {
                throw InputException.of("%s: expected a model that is conditioned on captions for %s, found one of "
                        + "labels", InputException.field("model"), benchmark.name());
            }
            PromptSet classes = prompts != null ? PromptSet.read(prompts)
                    : byLabels ? task.labels().get() : task.captions().get();
            int count = classes.prompts().size();
            StrategySpec byDefault = task.strategy(byLabels, count);
            StrategySpec strategy = trials.strategy(count, byDefault);
            TrialSpec drawn = trials.trials(task.loss(byLabels));
            Evaluation evaluation = options.evaluation(pictures, null, byLabels ? null : task.limitPerClass());
            announce(benchmark, chosen, evaluation, classes,
                    strategy.mostPairs(drawn.drawnFrom(opened.timesteps()), drawn.nTrials(), count));
            var run = new EvaluationRun(main, spec.commandLine(), options);
            if (run.plans(opened, evaluation, classes, strategy, drawn)) {
                return null;
            }
            Summary summary = run.run(opened, evaluation, classes, strategy, drawn).summary();
            var changed = new ArrayList<String>();
            addIf(changed, !strategy.equals(byDefault), "strategy " + strategy);
            changed.addAll(DrawOptions.changes(drawn, task.loss(byLabels)));
            addIf(changed, drawn.background() != null, "background");
            addIf(changed, prompts != null, "prompts of the user's");
            addIf(changed, options.certainty.spec().prior() != null, "priors");
            addIf(changed, options.limitsImages(), "some of the pictures");
            addIf(changed, options.isShard(), "a share of the pictures");
            return new BenchmarkResult(benchmark.name(), chosen, byLabels, "top-1",
                    Proportion.of(summary.correct(), summary.images()), ClassMean.of(summary.confusion()),
                    summary.pairsPerImage(), changed, summary.settings());
        }
    }

    private static void addIf(List<String> changed, boolean isSo, String what) {
        if (isSo) {
            changed.add(what);
        }
    }

    /** Says what it will cost before it starts. */
    private void announce(Benchmark benchmark, String chosen, Evaluation evaluation, PromptSet classes, long pairs) {
        Dataset pictures = evaluation.dataset();
        int wanted = evaluation.range().indices(pictures).length;
        long there = IntStream.range(0, pictures.size()).map(pictures::label).distinct().count();
        spec.commandLine().getOut().printf(Locale.ROOT, "%s, %s: %,d of %,d pictures, at most %,d pairs each, %,d in "
                + "all; of equal classes the first wins%n", benchmark.title(), chosen,
                wanted, pictures.size(), pairs, wanted * pairs);
        spec.commandLine().getOut().flush();
        if (there < classes.classCount()) {
            main.note(List.of("there are pictures of " + there + " of the " + classes.classCount() + " classes"));
        }
    }
}
