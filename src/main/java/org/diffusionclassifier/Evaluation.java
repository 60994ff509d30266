package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.prompt.ClassMap;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.Payback;
import org.diffusionclassifier.result.run.RunDirectory;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;

/**
 * A labelled dataset, or a share of it, classified image by image into a directory, from which an interrupted run is
 * resumed: see {@link RunDirectory}. An image whose file is broken is kept as failed, and counts neither as right nor
 * as wrong; a run that is resumed tries it again. Immutable.
 *
 * @param dataset  what is classified
 * @param range    which of its images
 * @param classMap a file that says which class of the prompts a class of the dataset is, as {@link ClassMap} reads it;
 *                 null to go by names
 * @param out      the run's directory: settings.json, inputs.json, results.jsonl (one line an image) and summary.json
 * @param record   a file to write every pair's error to at the end ({@link ErrorRecording}); null for none
 * @param learn    of a race: how many images to spend all trials on, the first of the range, and to learn from how
 *                 trials covary, by which the others are raced; null for none
 * @param failFast whether to refuse the first image that cannot be decoded, rather than to keep it as failed
 * @param verify   whether files are compared by content with those that the run began with, rather than by size and
 *                 time
 */
public record Evaluation(Dataset dataset, Range range, Path classMap, Path out, Path record, Integer learn,
        boolean failFast, boolean verify) {

    private static final InputException.Field LEARN = InputException.field("learn");

    /** Follows a run; called by the thread that runs it. */
    public interface Listener {

        /** @param wanted images of the range, whether done already or not */
        default void started(RunDirectory run, int wanted) {
        }

        /** Another image was classified, and its result is on the disk. */
        default void classified(ImageResult result) {
        }

        /** Another image cannot be classified, which is on the disk. */
        default void failed(FailedImage failure) {
        }

        /** What the user should know came up, a line each; most often none. */
        default void noted(List<String> notices) {
        }

        /** All trials of the images to learn from are evaluated, and races go by what they taught. */
        default void learned(CovarianceCalibration learned, Payback payback) {
        }

        /**
         * Another image of the range is done, in this run or an earlier one.
         *
         * @param correct  images classified rightly so far, of all in the directory
         * @param finished images classified so far, likewise
         */
        default void progressed(long correct, int finished) {
        }

        /** How far images are that take long, in a few words. */
        default void underWay(String howFar) {
        }

        /** A device has done an image, classified or failed. @param device by its name, as {@code cuda:1} */
        default void doneBy(String device) {
        }

        /** A device failed; another takes its image, and the run goes on without it. */
        default void lost(String device, DeviceException failure) {
        }
    }

    /**
     * What a run comes to.
     *
     * @param summary   as in summary.json
     * @param outcomes  of each image that was classified, by rising index
     * @param failures  of each that could not be, likewise
     * @param recording null if none was asked for
     */
    public record Finished(Summary summary, List<Outcome> outcomes, List<FailedImage> failures,
            ErrorRecording recording) {
    }

    /** @throws InputException for too few images to learn from */
    public Evaluation {
        if (learn != null && learn < CovarianceCalibration.LEAST_IMAGES) {
            throw InputException.of("%s: expected at least %d images, found %d", LEARN,
                    CovarianceCalibration.LEAST_IMAGES, learn);
        }
    }

    /** Of the whole dataset, without a recording or learning. */
    public Evaluation(Dataset dataset, Path out) {
        this(dataset, Range.ALL, out, null);
    }

    /** With classes that go by their names, without learning. */
    public Evaluation(Dataset dataset, Range range, Path out, Path record) {
        this(dataset, range, null, out, record, null, false, false);
    }

    /** What its user should know: what of the dataset was passed over or guessed. Empty for most. */
    public List<String> notices(PromptSet prompts) {
        return Stream.concat(dataset.notices().stream(), classes(prompts).notices().stream()).toList();
    }

    private ClassMap classes(PromptSet prompts) {
        return ClassMap.of(dataset.classNames(), prompts, classMap);
    }

    /**
     * Refuses what can be refused before anything is loaded.
     *
     * @throws InputException if the range is empty, no prompt stands for a class of the dataset, errors are to be
     *                        recorded of a strategy that leaves some out, or a strategy should learn that is no race,
     *                        or one by an image's own errors alone
     */
    public void check(Classifier classifier) {
        check(classifier, classes(classifier.prompts()));
    }

    private void check(Classifier classifier, ClassMap classes) {
        if (learn == null) {
            classifier.check();
        } else {
            learner(classifier).check();
        }
        Set<Integer> known = classifier.prompts().classes().keySet();
        for (int index : range.indices(dataset)) {
            if (!known.contains(classes.classIndex(dataset.label(index)))) {
                throw new InputException(dataset.name(index) + ": expected a label that a prompt stands for, found "
                        + dataset.label(index));
            }
        }
        if (record != null && !classifier.strategy().isExhaustive()) {
            throw InputException.of("%s: expected %s beside it", InputException.field("record"),
                    InputException.field("exhaustive"));
        }
    }

    /**
     * Classifies what has no result yet, and sums everything up. Each device of the classifier's model is given one
     * image at a time; results are written in the order of the range, whichever device has its image done first.
     *
     * @throws InputException as {@link #check}; for a directory of another run; for a file that results come from and
     *                        that was changed since; if no image at all can be classified, or, failing fast, one cannot
     * @throws DeviceException once all devices have failed; the results of what they finished are in the directory
     */
    public Finished run(Classifier classifier, Listener listener) {
        return run(classifier, null, listener);
    }

    /**
     * The same, with the same exceptions, by others than the classifier's devices, which are not opened.
     *
     * @param classifier says what is asked for, and what the model is like
     * @param others     null for the classifier's devices
     */
    public Finished run(Classifier classifier, Workers others, Listener listener) {
        ClassMap classes = classes(classifier.prompts());
        check(classifier, classes);
        if (others != null && learn != null) {
            throw InputException.of("%s: expected a run on one machine: learn there, and give what calibrate makes of "
                    + "its recording as %s", LEARN, InputException.field("calibration"));
        }
        SortedMap<String, String> settings = others == null ? settings(classifier, classes) : others.settings();
        PromptSet prompts = classifier.prompts();
        try (var run = RunDirectory.open(out, settings, dataset.size())) {
            int[] wanted = range.indices(dataset);
            checkInputs(run, wanted, classifier.inputs(), others == null ? Set.of() : others.begun());
            listener.started(run, wanted.length);
            if (learn == null) {
                classify(wanted, classifier, others == null ? new OwnDevices(classifier, classes) : others, run,
                        listener);
            } else {
                learnAndClassify(wanted, classifier, classes, run, listener);
            }
            List<FailedImage> failures = run.failures();
            if (run.outcomes().isEmpty()) {
                throw new InputException("no image could be classified, %d failed: %s".formatted(failures.size(),
                        failures.get(0).failed()));
            }
            Summary summary = Summary.of(run.outcomes(), failures.size(), prompts.classes(), settings);
            JsonFile.write(out.resolve("summary.json"), summary);
            return new Finished(summary, run.outcomes(), failures,
                    record == null ? null : record(run, classifier, settings));
        }
    }

    private void checkInputs(RunDirectory run, int[] wanted, Collection<Path> model, Set<Integer> begun) {
        var used = new LinkedHashSet<Path>();
        if (!run.done().isEmpty() || !begun.isEmpty()) {
            used.addAll(model);
        }
        Stream.concat(run.done().stream(), begun.stream()).forEach(index -> used.add(dataset.file(index)));
        var all = new LinkedHashSet<>(model);
        all.addAll(used);
        Arrays.stream(wanted).mapToObj(dataset::file).forEach(all::add);
        run.checkInputs(used, all, verify);
    }

    /** All trials of the race that is asked for, for every prompt. */
    private static Classifier learner(Classifier classifier) {
        if (!(classifier.strategy() instanceof Race race) || race.isByOwnErrors()) {
            throw InputException.of("%s: expected a race by %s %s or %s beside it", LEARN,
                    InputException.field("bound"), Race.AUTO, Race.COVARIANCE);
        }
        return classifier.strategy(Staged.exhaustive(race.maxTrials()));
    }

    private void learnAndClassify(int[] wanted, Classifier classifier, ClassMap classes, RunDirectory run,
            Listener listener) {
        int[] first = Arrays.copyOf(wanted, Math.min(learn, wanted.length));
        ErrorRecording recording;
        try (Classifier learner = learner(classifier)) {
            classify(first, learner, new OwnDevices(learner, classes), run, listener);
            recording = ErrorRecording.of(results(run, first), learner.prompts().classIndices(), learner.elements(),
                    learner.timesteps(), learner.conditions());
        }
        if (wanted.length > first.length) {
            CovarianceCalibration learned = CovarianceCalibration.learn(recording);
            listener.learned(learned, Payback.of(recording, learned, (Race) classifier.strategy()));
            try (Classifier taught = classifier.covariance(learned)) {
                classify(Arrays.copyOfRange(wanted, first.length, wanted.length), taught,
                        new OwnDevices(taught, classes), run, listener);
            }
        }
    }

    /** Those of some images, in the order of finishing. */
    private static List<ImageResult> results(RunDirectory run, int[] of) {
        Set<Integer> indices = Arrays.stream(of).boxed().collect(Collectors.toSet());
        return run.results().stream().filter(result -> indices.contains(result.index())).toList();
    }

    private void classify(int[] wanted, Classifier classifier, Workers workers, RunDirectory run, Listener listener) {
        Set<Integer> done = Set.copyOf(run.done());
        int[] left = Arrays.stream(wanted).filter(index -> !done.contains(index)).toArray();
        if (workers instanceof OwnDevices) {
            classifier.resume(() -> results(run, wanted).stream()
                    .map(result -> new Prediction(result.prompts(), 1)).toList());
        }
        var writer = new RunWriter(run, listener);
        for (int i = left.length; i < wanted.length; i++) {
            writer.progressed();
        }
        workers.classify(left, writer);
    }

    /** The devices of a classifier, each with a thread. */
    private final class OwnDevices implements Workers {

        private final Classifier classifier;
        private final ClassMap classes;

        OwnDevices(Classifier classifier, ClassMap classes) {
            this.classifier = classifier;
            this.classes = classes;
        }

        @Override
        public SortedMap<String, String> settings() {
            return Evaluation.this.settings(classifier, classes);
        }

        @Override
        public void classify(int[] images, Receiver receiver) {
            List<String> devices = classifier.devices();
            var attempts = new Attempts(Evaluation.this, classes);
            new OrderedWork<>(devices.size(), images.length, (device, i) -> attempts.of(images[i],
                    example -> classifier.classify(device, example.name(), example.image())),
                    new OrderedWork.Listener<Attempt>() {

                        @Override
                        public void finished(int device, Attempt attempt) {
                            receiver.finished(devices.get(device), attempt);
                        }

                        @Override
                        public void lost(int device, DeviceException failure) {
                            classifier.failed(device);
                            receiver.lost(devices.get(device), failure);
                        }
                    }).run();
        }
    }

    /**
     * Classifies one image of the dataset as a run does, with any classifier, for {@link Workers}.
     *
     * @param index which it is
     * @throws InputException if it cannot be classified, failing fast
     */
    public Attempt attempt(Classifier classifier, int index) {
        return new Attempts(this, classes(classifier.prompts())).of(index,
                example -> classifier.classify(example.name(), example.image()));
    }

    /**
     * The same of an image that several workers share, on the classifier's first device. It goes on where the errors of
     * the image's rounds end; workers evaluate by {@link #errors} what it leaves to them.
     *
     * @return empty once a round is left to workers
     * @throws InputException if the image cannot be classified, failing fast
     */
    public Optional<Attempt> attempt(Classifier classifier, int index, SharedRounds rounds) {
        return new Attempts(this, classes(classifier.prompts())).asFarAs(index,
                example -> new SharedImage(classifier, example.image()).classify(example.name(), rounds));
    }

    /**
     * The errors of some of a round's pairs, of an image that several workers share, on the same device.
     *
     * @param pairs begins at a batch of {@link Classifier#pairsABatch}, and ends at one or with the round
     * @return of each of them, prompt by prompt within each trial
     * @throws InputException if the image cannot be decoded, or its errors are not finite
     */
    public float[] errors(Classifier classifier, int index, Round round, PairRange pairs) {
        return new SharedImage(classifier, dataset.image(index)).errors(round, pairs);
    }

    private ErrorRecording record(RunDirectory run, Classifier classifier, SortedMap<String, String> settings) {
        var recording = ErrorRecording.of(run.results(), classifier.prompts().classIndices(), classifier.elements(),
                classifier.timesteps(), settings);
        recording.write(record);
        return recording;
    }

    /** Those of the settings that go by the names of files as the user has them here, whatever they are elsewhere. */
    public SortedMap<String, String> named(Classifier classifier) {
        var named = new TreeMap<>(classifier.conditions());
        named.keySet().retainAll(List.of("model"));
        named.put("dataset", dataset.description());
        return named;
    }

    /** Everything that an image's line of results depends on, by name; loads the model. */
    public SortedMap<String, String> settings(Classifier classifier) {
        return settings(classifier, classes(classifier.prompts()));
    }

    private SortedMap<String, String> settings(Classifier classifier, ClassMap classes) {
        SortedMap<String, String> settings;
        if (learn == null) {
            settings = classifier.settings();
        } else {
            settings = learner(classifier).settings(((Race) classifier.strategy()).by(Race.COVARIANCE));
            settings.put("learn", String.valueOf(learn));
        }
        settings.put("dataset", dataset.description());
        settings.put("images-and-classes", imagesSha256(classes));
        settings.put("order", "classes in turn");
        settings.put("shard", range.shard().toString());
        settings.put("prompts", classifier.prompts().sha256());
        return settings;
    }

    /** Digest of the images' names and classes in order, by whose indices results are kept. */
    private String imagesSha256(ClassMap classes) {
        var lines = new Sha256();
        for (int index = 0; index < dataset.size(); index++) {
            lines.add(dataset.name(index), classes.classIndex(dataset.label(index)));
        }
        return lines.hex();
    }
}
