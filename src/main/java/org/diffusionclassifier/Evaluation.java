package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.RunDirectory;
import org.diffusionclassifier.result.Summary;
import org.diffusionclassifier.tensor.InputException;

/**
 * A labelled dataset, or a share of it, classified image by image into a directory, from which an interrupted run is
 * resumed: see {@link RunDirectory}. Immutable.
 *
 * @param dataset what is classified
 * @param range   which of its images
 * @param out     the run's directory: settings.json, results.jsonl (one line an image) and summary.json
 * @param record  a file to write every pair's error to at the end ({@link ErrorRecording}); null for none
 */
public record Evaluation(Dataset dataset, Range range, Path out, Path record) {

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

    /** Of the whole dataset, without a recording. */
    public Evaluation(Dataset dataset, Path out) {
        this(dataset, Range.ALL, out, null);
    }

    /**
     * Refuses what can be refused before anything is loaded.
     *
     * @throws InputException if the range is empty, or errors are to be recorded of a strategy that leaves some out
     */
    public void check(Classifier classifier) {
        classifier.check();
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
            classify(wanted, classifier, run, listener);
            Summary summary = Summary.of(run.outcomes(), prompts.classes(), settings);
            JsonFile.write(out.resolve("summary.json"), summary);
            return new Finished(summary, run.outcomes(), record == null ? null : record(run, classifier, settings));
        }
    }

    private void classify(int[] wanted, Classifier classifier, RunDirectory run, Listener listener) {
        Set<Integer> done = Set.copyOf(run.done());
        long correct = run.outcomes().stream().filter(Outcome::correct).count();
        int finished = done.size();
        for (int index : wanted) {
            if (!done.contains(index)) {
                ImageResult result = classify(classifier, index, dataset.get(index));
                run.append(result);
                listener.classified(result);
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
        if (classifier.prompts().className(example.label()) == null) {
            throw new InputException(example.name() + ": expected a label that a prompt stands for, found "
                    + example.label());
        }
        Classification answer = classifier.classify(example.name(), example.image());
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
        SortedMap<String, String> settings = classifier.settings();
        settings.put("dataset", dataset.description());
        settings.put("shard", range.shard.toString());
        settings.put("prompts", classifier.prompts().sha256());
        return settings;
    }
}
