package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.html.EvaluatePage;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.RunDirectory;
import org.diffusionclassifier.result.Summary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code evaluate}: accuracy on a labelled dataset, kept image by image so that it can be interrupted and resumed. */
@Command(name = "evaluate", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Measures accuracy on a labelled dataset. A second start with the same --out resumes the run.")
final class EvaluateCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Option(names = "--dataset", required = true, paramLabel = "FORM:PATH",
            description = "idx:DIR (MNIST's files), folder:DIR (one folder a class), csv:FILE (path and "
                    + "classname or classidx), cifar10:DIR or cifar100:DIR (the binary versions). Classes go by their "
                    + "names, spelling aside, where there are names.")
    private String dataset;

    @Option(names = "--split", paramLabel = "NAME", defaultValue = "test",
            description = "train or test. Default: ${DEFAULT-VALUE}.")
    private String split;

    @Option(names = "--class-map", paramLabel = "CSV",
            description = "Which class of the prompts a class of the dataset is, where their names do not say: columns "
                    + "dataset,class, the latter a name or an index.")
    private Path classMap;

    @Option(names = "--limit", paramLabel = "N",
            description = "N images only, spread over the classes: the first of each, then the second of each, and so "
                    + "on.")
    private Integer limit;

    @Option(names = "--limit-per-class", paramLabel = "N", description = "The first N images of each class only.")
    private Integer limitPerClass;

    @Option(names = "--first", paramLabel = "N",
            description = "The dataset's first N images only, whatever their classes.")
    private Integer first;

    @Option(names = "--shard", paramLabel = "I/N", defaultValue = "1/1",
            description = "A share of the images, every N-th of each class, for N machines, each with its own --out.")
    private String shard;

    @Option(names = "--fail-fast",
            description = "Stop at the first picture that cannot be read, rather than go on without it.")
    private boolean failFast;

    @Option(names = "--verify",
            description = "Know the pictures and the model by their contents (SHA-256), not by size and time, when a "
                    + "run goes on.")
    private boolean verify;

    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Gets settings.json, inputs.json, results.jsonl (one line an image) and summary.json.")
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
        Dataset images = Datasets.open(dataset, split);
        var range = new Range(first, limit, limitPerClass, Shard.parse(shard));
        try (var opened = model.open(main)) {
            PromptSet prompts = opened.prompts(promptOptions.spec(), images.classNames());
            var evaluation = new Evaluation(images, range, classMap, out, record, failFast, verify);
            main.note(evaluation.notices(prompts));
            try (var classifier = opened.classifier(prompts).strategy(trials.strategy(prompts.prompts().size()))
                    .trials(trials.trials()).certainty(certainty.spec())) {
                evaluation.check(classifier);
                if (record != null) {
                    OutputFile.requireWritable("--record", record);
                }
                report.check();
                main.note(classifier.notices());
                Evaluation.Finished finished;
                var watcher = new Watcher(images, prompts, opened);
                try (watcher) {
                    finished = evaluation.run(classifier, watcher);
                }
                watcher.printDevices();
                print(finished, images, prompts);
            }
            return 0;
        }
    }

    /** Says where a run stands. */
    private final class Watcher implements Evaluation.Listener, AutoCloseable {

        private final Dataset images;
        private final PromptSet prompts;
        private final DiffusionModel opened;
        private final Map<String, Integer> done = new LinkedHashMap<>();
        private Progress progress;

        Watcher(Dataset images, PromptSet prompts, DiffusionModel opened) {
            this.images = images;
            this.prompts = prompts;
            this.opened = opened;
            opened.devices().forEach(device -> done.put(device, 0));
        }

        /** Says how many images each device did, where there are several. */
        void printDevices() {
            if (done.size() > 1) {
                spec.commandLine().getOut().println("images by device: " + done.entrySet().stream()
                        .map(device -> device.getKey() + " " + device.getValue()).collect(Collectors.joining(", ")));
            }
        }

        @Override
        public void started(RunDirectory run, int wanted) {
            PrintWriter printer = spec.commandLine().getOut();
            if (run.repairedBytes() > 0) {
                printer.printf("%s: cut off an unfinished last line of %d bytes%n", out, run.repairedBytes());
            }
            printer.printf("%s; %d prompts, on %s; %s%n", images.description(), prompts.prompts().size(),
                    opened.description(),
                    run.done().isEmpty() ? "writing to " + out : "going on with " + run.done().size() + " done");
            printer.flush();
            progress = new Progress("evaluate", wanted, spec.commandLine().getErr());
        }

        @Override
        public void progressed(long correct, int finished) {
            progress.step((finished == 0 ? ""
                    : String.format(Locale.ROOT, " accuracy %.1f %%", 100.0 * correct / finished))
                    + (done.size() == 1 ? "" : done.values().stream().map(Object::toString)
                            .collect(Collectors.joining(" + ", ", ", " by device"))));
        }

        @Override
        public void doneBy(String device) {
            done.merge(device, 1, Integer::sum);
        }

        @Override
        public void lost(String device, DeviceException failure) {
            main.noteLost(device, failure);
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
            }
        }
    }

    private void print(Evaluation.Finished finished, Dataset images, PromptSet prompts) {
        Summary summary = finished.summary();
        PrintWriter printer = spec.commandLine().getOut();
        printer.printf(Locale.ROOT, "%n%s%n%d of %d right%s: accuracy %.1f %%, 95 %% interval %.1f to %.1f %%; "
                        + "mean of the classes %.1f %%; %.0f pairs an image%s; expected calibration error %.3f%n",
                summary.confusion().render(), summary.correct(), summary.images(),
                summary.failed() == 0 ? "" : ", without " + summary.failed() + " that failed", 100 * summary.accuracy(),
                100 * summary.accuracyLow(), 100 * summary.accuracyHigh(), 100 * summary.meanPerClassAccuracy(),
                summary.pairsPerImage(), summary.ties() == 0 ? "" : ", " + summary.ties() + " undecided",
                summary.calibration().error());
        main.noteFailures(finished.failures().stream().map(FailedImage::failed).toList());
        report.write(() -> EvaluatePage.of(summary, finished.outcomes(), finished.failures(), prompts.classes(),
                images));
        ErrorRecording recording = finished.recording();
        if (recording != null) {
            printer.printf("%s: errors of %d images, %d prompts, %d trials%n", record, recording.images().size(),
                    recording.classes().size(), recording.trials().size());
        }
    }
}
