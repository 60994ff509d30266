package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.html.EvaluatePage;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.RunDirectory;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code evaluate}: accuracy on a labelled dataset, kept image by image so that it can be interrupted and resumed. */
@Command(name = "evaluate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Measures accuracy on a labelled dataset; started again on the same --out it goes on.")
final class EvaluateCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(names = "--dataset", required = true, paramLabel = "FORM:PATH",
            description = "idx:DIR (MNIST's files), folder:DIR (one folder a class), csv:FILE (path,classidx), "
                    + "cifar10:DIR or cifar100:DIR (the binary versions).")
    private String dataset;

    @Option(names = "--split", paramLabel = "NAME", defaultValue = "test",
            description = "train or test. Default: ${DEFAULT-VALUE}.")
    private String split;

    @Option(names = "--limit", paramLabel = "N", description = "The dataset's first N images only.")
    private Integer limit;

    @Option(names = "--shard", paramLabel = "I/N", defaultValue = "1/1", converter = ShardConverter.class,
            description = "Every N-th image from the I-th on, for N machines with an --out each.")
    private Shard shard;

    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Gets settings.json, results.jsonl (one line an image) and summary.json.")
    private Path out;

    @Option(names = "--record", paramLabel = "FILE",
            description = "With --exhaustive: at the end, every pair's error in one file, for compare and calibrate.")
    private Path record;

    @Mixin
    private ModelOptions model;

    @Mixin
    private PromptOptions promptOptions;

    @Mixin
    private TrialOptions trials;

    @Mixin
    private CertaintyOptions certainty;

    @Mixin
    private ReportOptions report;

    @Override
    public Integer call() {
        PrintWriter printer = spec.commandLine().getOut();
        try (var bundled = BundledModel.open(); var opened = model.open(bundled)) {
            Dataset images = Datasets.open(dataset, split);
            PromptSet prompts = opened.prompts(promptOptions, bundled, images.classNames());
            trials.check(prompts);
            certainty.check(prompts);
            if (limit != null && limit < 1) {
                throw new InputException("--limit: expected at least 1, found " + limit);
            }
            if (record != null) {
                trials.requireExhaustive("--record");
                OutputFile.requireWritable("--record", record);
            }
            report.check();
            int[] wanted = shard.indices(limit == null ? images.size() : Math.min(limit, images.size())).toArray();
            if (wanted.length == 0) {
                throw new InputException("--shard: expected a share of at least one image, found none of "
                        + images.size());
            }
            PrintWriter log = main.verbose ? spec.commandLine().getErr() : null;
            try (var session = new Session(opened, trials, certainty, prompts, log)) {
                evaluate(images, wanted, prompts, session, printer);
            }
            return 0;
        }
    }

    private void evaluate(Dataset images, int[] wanted, PromptSet prompts, Session session, PrintWriter printer) {
        SortedMap<String, String> settings = settings(session, prompts, images);
        try (var run = RunDirectory.open(out, settings, images.size())) {
            if (run.repairedBytes() > 0) {
                printer.printf("%s: cut off an unfinished last line of %d bytes%n", out, run.repairedBytes());
            }
            printer.printf("%s; %d prompts, on %s; %s%n", images.description(), prompts.prompts().size(),
                    session.device().description(),
                    run.done().isEmpty() ? "writing to " + out : "going on with " + run.done().size() + " done");
            printer.flush();
            classify(images, wanted, prompts, session, run);
            summarise(run, prompts, images, settings, printer);
            if (record != null) {
                record(run, prompts, session, settings, printer);
            }
        }
    }

    private void classify(Dataset images, int[] wanted, PromptSet prompts, Session session, RunDirectory run) {
        Set<Integer> done = Set.copyOf(run.done());
        long correct = run.outcomes().stream().filter(Outcome::correct).count();
        int finished = done.size();
        try (ProgressBar progress = Progress.bar("evaluate", "", 1, wanted.length, spec.commandLine().getErr())) {
            for (int index : wanted) {
                if (!done.contains(index)) {
                    ImageResult result = classify(index, images.get(index), prompts, session);
                    run.append(result);
                    finished++;
                    correct += result.outcome().correct() ? 1 : 0;
                }
                progress.step();
                progress.setExtraMessage(String.format(Locale.ROOT, " accuracy %.1f %%", 100.0 * correct / finished));
            }
        }
    }

    private static ImageResult classify(int index, Example example, PromptSet prompts, Session session) {
        if (prompts.className(example.label()) == null) {
            throw new InputException(example.name() + ": expected a label that a prompt stands for, found "
                    + example.label());
        }
        Prediction prediction = session.classify(example.image());
        int predicted = prompts.prompts().get(prediction.winner().prompt()).classIndex();
        double probability = session.posterior().of(prediction, prompts.classRanks(prediction))[0];
        return new ImageResult(index, example.name(), predicted, example.label(), probability, prediction.isTie(),
                prediction.ranking());
    }

    private void summarise(RunDirectory run, PromptSet prompts, Dataset images, SortedMap<String, String> settings,
                           PrintWriter printer) {
        Summary summary = Summary.of(run.outcomes(), prompts.classes(), settings);
        JsonFile.write(out.resolve("summary.json"), summary);
        printer.printf(Locale.ROOT, "%n%s%n%d of %d right: accuracy %.1f %%, 95 %% interval %.1f to %.1f %%; "
                        + "%.0f pairs an image%s; expected calibration error %.3f%n", summary.confusion().render(),
                summary.correct(), summary.images(), 100 * summary.accuracy(), 100 * summary.accuracyLow(),
                100 * summary.accuracyHigh(), summary.pairsPerImage(),
                summary.ties() == 0 ? "" : ", " + summary.ties() + " undecided", summary.calibration().error());
        report.write(() -> EvaluatePage.of(summary, run.outcomes(), prompts.classes(), images));
    }

    private void record(RunDirectory run, PromptSet prompts, Session session, SortedMap<String, String> settings,
                        PrintWriter printer) {
        var recording = ErrorRecording.of(run.results(), prompts.classIndices(), session.scorer().elements(),
                session.scorer().timesteps(), settings);
        recording.write(record);
        printer.printf("%s: errors of %d images, %d prompts, %d trials%n", record, recording.images().size(),
                recording.classes().size(), recording.trials().size());
    }

    /** Everything that an image's line of results depends on. */
    private SortedMap<String, String> settings(Session session, PromptSet prompts, Dataset images) {
        var settings = new TreeMap<String, String>();
        settings.put("dataset", images.description());
        settings.put("shard", shard.number() + "/" + shard.of());
        model.describe(settings);
        settings.put("device", session.device().description());
        settings.put("prompts", prompts.sha256());
        trials.describe(settings, prompts.prompts().size(), session.pairsAhead());
        certainty.describe(settings);
        return settings;
    }

    /** Reads {@code 2/8}. */
    static final class ShardConverter implements ITypeConverter<Shard> {
        @Override
        public Shard convert(String text) {
            return Shard.parse(text);
        }
    }
}
