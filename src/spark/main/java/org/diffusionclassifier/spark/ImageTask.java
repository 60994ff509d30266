package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.spark.util.LongAccumulator;
import org.diffusionclassifier.cli.EvaluateElsewhere;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.tensor.InputException;
import scala.Function1;
import scala.collection.Iterator;

/**
 * What a task does: classifies some images by a model of its executor, and writes them as a part; or goes on with an
 * image that tasks share, as far as the errors of its rounds are there. Runs in executors.
 *
 * @param opener   opens the model
 * @param expected what the model has to be like
 * @param folder   of the {@link Parts}
 * @param pairs    progress alone: tasks that run twice count twice
 * @param division how rounds are shared
 */
record ImageTask(Opener opener, Opener.Facts expected, String folder, LongAccumulator pairs, Division division)
        implements Function1<Iterator<int[]>, ImageTask.Report>, Serializable {

    /**
     * What became of a task.
     *
     * @param images   of its part
     * @param executor that did it
     * @param notices  of those images that have any, as they are no part of a line
     * @param left     the round that its only image waits for; null if there is a part
     * @param refusal  why the run has to end, in one line; null if it has not
     */
    record Report(int[] images, String executor, TreeMap<Integer, List<String>> notices, RoundsInParts.Left left,
            String refusal) implements TaskReport {
    }

    ImageTask with(Division other) {
        return new ImageTask(opener, expected, folder, pairs, other);
    }

    @Override
    public Report apply(Iterator<int[]> partition) {
        int[] images = partition.next();
        return onModel((place, model) -> classify(images, place, model),
                refusal -> new Report(images, null, new TreeMap<>(), null, refusal));
    }

    /** Does work by a model of the executor, which has to be like the others. @param refused why it cannot be done */
    <R> R onModel(BiFunction<Place, Opener.Opened, R> work, Function<String, R> refused) {
        Place place = Place.here();
        try {
            return ExecutorModels.with(opener, place, model -> {
                expected.requireSame(model.facts());
                return work.apply(place, model);
            });
        } catch (InputException e) {
            return refused.apply(EvaluateElsewhere.message(e) + ", on " + place.executor());
        }
    }

    /** A failure of the device, with the image and the host. */
    static IllegalStateException failure(int image, Place place, RuntimeException e) {
        return new IllegalStateException("image " + image + ", on " + place.executor() + ": " + e.getMessage(), e);
    }

    /** The errors of an image that tasks share, as far as they are there. */
    ErrorParts errors(int image) {
        return parts().errors(image, expected.batchSize());
    }

    private Parts parts() {
        return new Parts(RemoteFiles.pathOf(folder));
    }

    private Report classify(int[] images, Place place, Opener.Opened model) {
        var attempts = new ArrayList<Attempt>();
        var notices = new TreeMap<Integer, List<String>>();
        for (int image : images) {
            var rounds = new RoundsInParts(errors(image), division);
            Optional<Attempt> attempted;
            try {
                attempted = model.attempt(image, rounds);
            } catch (InputException e) {
                throw e;
            } catch (RuntimeException e) {
                throw failure(image, place, e);
            }
            if (attempted.isEmpty()) {
                return new Report(images, place.executor(), notices, rounds.left(), null);
            }
            Attempt attempt = attempted.get();
            attempts.add(attempt);
            if (!attempt.notices().isEmpty()) {
                notices.put(image, new ArrayList<>(attempt.notices()));
            }
            if (attempt.failure() == null) {
                pairs.add(attempt.result().outcome().pairs() - rounds.read());
            }
        }
        parts().write(attempts);
        return new Report(images, place.executor(), notices, null, null);
    }
}
