package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.Payback;
import org.diffusionclassifier.result.RunDirectory;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;

/**
 * A labelled dataset, or a share of it, classified image by image into a directory, from which an interrupted run is
 * resumed: see {@link RunDirectory}. Immutable.
 *
 * @param dataset what is classified
 * @param range   which of its images
 * @param out     the run's directory: settings.json, results.jsonl (one line an image) and summary.json
 * @param record  a file to write every pair's error to at the end ({@link ErrorRecording}); null for none
 * @param learn   of a race: how many images to spend all trials on, the first of the range, and to learn from how
 *                trials covary, by which the others are raced; null for none
 */
public record Evaluation(Dataset dataset, Range range, Path out, Path record, Integer learn) {

    private static final InputException.Field LEARN = InputException.field("learn");

    /**
     * Which images of a dataset.
     *
     * @param limit the first so many, at least 1; null for all
     * @param shard which share of these
     */
    public record Range(Integer limit, Shard shard) {

        public static final Range ALL = new Range(null, new Shard(1, 1));

        /** @throws InputException for a limit below 1 */
        public Range {
            if (limit != null && limit < 1) {
                throw InputException.of("%s: expected at least 1, found %d", InputException.field("limit"), limit);
            }
        }

        /** @throws InputException if there are none */
        int[] indices(Dataset dataset) {
            int[] wanted = shard.indices(limit == null ? dataset.size() : Math.min(limit, dataset.size())).toArray();
            if (wanted.length == 0) {
                throw InputException.of("%s: expected a share of at least one image, found none of %d",
                        InputException.field("shard"), dataset.size());
            }
            return wanted;
        }
    }

    /** Follows a run; called by the thread that runs it. */
    public interface Listener {

        /** @param wanted images of the range, whether done already or not */
        default void started(RunDirectory run, int wanted) {
        }

        /** Another image was classified, and its result is on the disk. */
        default void classified(ImageResult result) {
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
    }

    /**
     * What a run comes to.
     *
     * @param summary   as in summary.json
     * @param outcomes  of each image, by rising index
     * @param recording null if none was asked for
     */
    public record Finished(Summary summary, List<Outcome> outcomes, ErrorRecording recording) {
    }

    /** Of the whole dataset, without a recording or learning. */
    public Evaluation(Dataset dataset, Path out) {
        this(dataset, Range.ALL, out, null, null);
    }

    /** @throws InputException for too few images to learn from */
    public Evaluation {
        if (learn != null && learn < CovarianceCalibration.LEAST_IMAGES) {
            throw InputException.of("%s: expected at least %d images, found %d", LEARN,
                    CovarianceCalibration.LEAST_IMAGES, learn);
        }
    }

    /**
     * Refuses what can be refused before anything is loaded.
     *
     * @throws InputException if the range is empty, errors are to be recorded of a strategy that leaves some out, or
     *                        a strategy should learn that is no race, or one by an image's own errors alone
     */
    public void check(Classifier classifier) {
        if (learn == null) {
            classifier.check();
        } else {
            learner(classifier).check();
        }
        range.indices(dataset);
        if (record != null && !classifier.strategy().isExhaustive()) {
            throw InputException.of("%s: expected %s beside it", InputException.field("record"),
                    InputException.field("exhaustive"));
        }
    }

    /**
     * Classifies what has no result yet, and sums everything up.
     *
     * @throws InputException as {@link #check}; for a directory of another run; for an image that cannot be decoded, or
     *                        whose label no prompt stands for
     */
    public Finished run(Classifier classifier, Listener listener) {
        check(classifier);
        SortedMap<String, String> settings = settings(classifier);
        PromptSet prompts = classifier.prompts();
        try (var run = RunDirectory.open(out, settings, dataset.size())) {
            int[] wanted = range.indices(dataset);
            listener.started(run, wanted.length);
            if (learn == null) {
                classify(wanted, classifier, run, listener);
            } else {
                learnAndClassify(wanted, classifier, run, listener);
            }
            Summary summary = Summary.of(run.outcomes(), prompts.classes(), settings);
            JsonFile.write(out.resolve("summary.json"), summary);
            return new Finished(summary, run.outcomes(), record == null ? null : record(run, classifier, settings));
        }
    }

    /** All trials of the race that is asked for, for every prompt. */
    private static Classifier learner(Classifier classifier) {
        if (!(classifier.strategy() instanceof Race race) || race.isByOwnErrors()) {
            throw InputException.of("%s: expected a race by %s %s or %s beside it", LEARN,
                    InputException.field("bound"), Race.AUTO, Race.COVARIANCE);
        }
        return classifier.strategy(Staged.exhaustive(race.maxTrials()));
    }

    private void learnAndClassify(int[] wanted, Classifier classifier, RunDirectory run, Listener listener) {
        int[] first = Arrays.copyOf(wanted, Math.min(learn, wanted.length));
        ErrorRecording recording;
        try (Classifier learner = learner(classifier)) {
            classify(first, learner, run, listener);
            Set<Integer> indices = Arrays.stream(first).boxed().collect(Collectors.toSet());
            recording = ErrorRecording.of(
                    run.results().stream().filter(result -> indices.contains(result.index())).toList(),
                    learner.prompts().classIndices(), learner.elements(), learner.timesteps(), learner.conditions());
        }
        if (wanted.length > first.length) {
            CovarianceCalibration learned = CovarianceCalibration.learn(recording);
            listener.learned(learned, Payback.of(recording, learned, (Race) classifier.strategy()));
            try (Classifier taught = classifier.covariance(learned)) {
                classify(Arrays.copyOfRange(wanted, first.length, wanted.length), taught, run, listener);
            }
        }
    }

    private void classify(int[] wanted, Classifier classifier, RunDirectory run, Listener listener) {
        Set<Integer> done = Set.copyOf(run.done());
        classifier.resume(() -> run.results().stream()
                .filter(result -> Arrays.binarySearch(wanted, result.index()) >= 0)
                .map(result -> new Prediction(result.prompts(), 1)).toList());
        long correct = run.outcomes().stream().filter(Outcome::correct).count();
        int finished = done.size();
        for (int index : wanted) {
            if (!done.contains(index)) {
                Example example = dataset.get(index);
                Classification answer = answer(classifier, example);
                ImageResult result = result(index, example, answer);
                run.append(result);
                listener.classified(result);
                listener.noted(answer.notices());
                finished++;
                correct += result.outcome().correct() ? 1 : 0;
            }
            listener.progressed(correct, finished);
        }
    }

    /**
     * Classifies one image of a dataset, as a run does.
     *
     * @param index which it is
     * @throws InputException for a label that no prompt stands for
     */
    public static ImageResult classify(Classifier classifier, int index, Example example) {
        return result(index, example, answer(classifier, example));
    }

    private static Classification answer(Classifier classifier, Example example) {
        if (classifier.prompts().className(example.label()) == null) {
            throw new InputException(example.name() + ": expected a label that a prompt stands for, found "
                    + example.label());
        }
        return classifier.classify(example.name(), example.image());
    }

    private static ImageResult result(int index, Example example, Classification answer) {
        return new ImageResult(index, example.name(), answer.classIndex(), example.label(), answer.best().probability(),
                answer.isTie(), answer.prediction().ranking());
    }

    private ErrorRecording record(RunDirectory run, Classifier classifier, SortedMap<String, String> settings) {
        var recording = ErrorRecording.of(run.results(), classifier.prompts().classIndices(), classifier.elements(),
                classifier.timesteps(), settings);
        recording.write(record);
        return recording;
    }

    /** Everything that an image's line of results depends on; loads the model. */
    private SortedMap<String, String> settings(Classifier classifier) {
        SortedMap<String, String> settings;
        if (learn == null) {
            settings = classifier.settings();
        } else {
            settings = learner(classifier).settings(((Race) classifier.strategy()).by(Race.COVARIANCE));
            settings.put("learn", String.valueOf(learn));
        }
        settings.put("dataset", dataset.description());
        settings.put("shard", range.shard.toString());
        settings.put("prompts", classifier.prompts().sha256());
        return settings;
    }
}
