package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.EvaluationPlan;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.html.EvaluatePage;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.Payback;
import org.diffusionclassifier.result.run.RunDirectory;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.strategy.StrategySpec;
import picocli.CommandLine;

/** An evaluation as the user follows it: what is done, how far it is, and what it comes to. */
final class EvaluationRun {

    private final Main main;
    private final CommandLine commandLine;
    private final EvaluationOptions options;

    EvaluationRun(Main main, CommandLine commandLine, EvaluationOptions options) {
        this.main = main;
        this.commandLine = commandLine;
        this.options = options;
    }

    /** Prints what it would take, if that is all that is asked for. @return whether it is */
    boolean plans(DiffusionModel opened, Evaluation evaluation, PromptSet prompts, StrategySpec strategy,
            TrialSpec trials) {
        if (!options.plan.isWanted()) {
            return false;
        }
        main.note(evaluation.notices(prompts));
        try (var classifier = opened.classifier(prompts).strategy(strategy).trials(trials)
                .certainty(options.certainty.spec())) {
            options.plan.print(evaluation, classifier, trials, opened.devices().size(),
                    () -> EvaluationPlan.measure(opened, classifier.prompts()), commandLine.getOut());
        }
        return true;
    }

    /** Evaluates, or goes on with it, and prints the results. */
    Evaluation.Finished run(DiffusionModel opened, Evaluation evaluation, PromptSet prompts, StrategySpec strategy,
            TrialSpec trials) {
        return run(opened, evaluation, prompts, strategy, trials, null);
    }

    /** The same on a cluster; null for this machine's devices. */
    Evaluation.Finished run(DiffusionModel opened, Evaluation evaluation, PromptSet prompts, StrategySpec strategy,
            TrialSpec trials, ClusterRun cluster) {
        main.note(evaluation.notices(prompts));
        try (var classifier = opened.classifier(prompts).strategy(strategy).trials(trials)
                .certainty(options.certainty.spec())) {
            evaluation.check(classifier);
            options.check();
            try (Cluster.Session session = cluster == null ? null : cluster.connect(evaluation, classifier)) {
                main.note(session == null ? classifier.notices() : session.notices());
                Evaluation.Finished finished;
                var watcher = session == null
                        ? new Watcher(evaluation.dataset(), prompts, opened::description, opened.devices())
                        : new Watcher(evaluation.dataset(), prompts, session::description, List.of());
                try (watcher) {
                    finished = evaluation.run(classifier, session, watcher);
                }
                watcher.printDevices();
                print(finished, evaluation.dataset(), prompts);
                if (session != null) {
                    cluster.publish();
                    session.finished();
                }
                return finished;
            }
        }
    }

    /** Says where a run stands. */
    private final class Watcher implements Evaluation.Listener, AutoCloseable {

        private final Dataset images;
        private final PromptSet prompts;
        private final Supplier<String> where;
        private final Map<String, Integer> done = new LinkedHashMap<>();
        private Progress progress;
        private String stands = "";

        /** @param devices those that are known from the start */
        Watcher(Dataset images, PromptSet prompts, Supplier<String> where, List<String> devices) {
            this.images = images;
            this.prompts = prompts;
            this.where = where;
            devices.forEach(device -> done.put(device, 0));
        }

        /** Says how many images each device did, where there are several. */
        void printDevices() {
            if (done.size() > 1) {
                commandLine.getOut().println("images by device: " + done.entrySet().stream()
                        .map(device -> device.getKey() + " " + device.getValue()).collect(Collectors.joining(", ")));
            }
        }

        @Override
        public void started(RunDirectory run, int wanted) {
            PrintWriter printer = commandLine.getOut();
            if (run.repairedBytes() > 0) {
                printer.printf("%s: cut off an unfinished last line of %d bytes%n", options.out, run.repairedBytes());
            }
            printer.printf("%s; %d prompts, on %s; %s%n", images.description(), prompts.prompts().size(),
                    where.get(),
                    run.done().isEmpty() ? "writing to " + options.out
                            : "going on with " + run.done().size() + " done");
            printer.flush();
            progress = new Progress(commandLine.getCommandName(), wanted, commandLine.getErr());
        }

        @Override
        public void progressed(long correct, int finished) {
            stands = (finished == 0 ? ""
                    : String.format(Locale.ROOT, " accuracy %.1f %%", 100.0 * correct / finished))
                    + (done.size() < 2 ? "" : done.values().stream().map(Object::toString)
                            .collect(Collectors.joining(" + ", ", ", " by device")));
            progress.step(stands);
        }

        @Override
        public void underWay(String howFar) {
            progress.say(stands + (stands.isEmpty() ? " " : ", ") + howFar);
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
        public void noted(List<String> notices) {
            if (!notices.isEmpty()) {
                commandLine.getErr().println();      // ends the line of the progress bar
                main.note(notices);
            }
        }

        @Override
        public void learned(CovarianceCalibration learned, Payback payback) {
            String paid = payback.saves()
                    ? "that has paid for itself after " + payback.after(learned.images()) + " images"
                    : "that does not pay for itself";
            noted(List.of(String.format(Locale.ROOT, "learned how trials covary from %d images: a race takes about "
                    + "%.0f pairs an image, and %.0f without; %s", learned.images(), payback.with(), payback.without(),
                    paid)));
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
        PrintWriter printer = commandLine.getOut();
        printer.printf(Locale.ROOT, "%n%s%n%d of %d right%s: accuracy %.1f %%, 95 %% interval %.1f to %.1f %%; "
                        + "mean of the classes %.1f %%; %.0f pairs an image%s; expected calibration error %.3f%n",
                summary.confusion().render(), summary.correct(), summary.images(),
                summary.failed() == 0 ? "" : ", without " + summary.failed() + " that failed", 100 * summary.accuracy(),
                100 * summary.accuracyLow(), 100 * summary.accuracyHigh(), 100 * summary.meanPerClassAccuracy(),
                summary.pairsPerImage(), summary.ties() == 0 ? "" : ", " + summary.ties() + " undecided",
                summary.calibration().error());
        main.noteFailures(finished.failures().stream().map(FailedImage::failed).toList());
        options.report.write(() -> EvaluatePage.of(summary, finished.outcomes(), finished.failures(), prompts.classes(),
                images));
        ErrorRecording recording = finished.recording();
        if (recording != null) {
            printer.printf("%s: errors of %d images, %d prompts, %d trials%n", options.record,
                    recording.images().size(), recording.classes().size(), recording.trials().size());
        }
    }
}
