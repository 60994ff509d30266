package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.util.LongAccumulator;
import org.diffusionclassifier.cli.EvaluateElsewhere;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.tensor.InputException;
import scala.Function1;
import scala.collection.Iterator;

/**
 * What a task does: classifies some images by a model of its executor, and writes them as a part. Runs in executors.
 *
 * @param opener   opens the model
 * @param expected what the model has to be like
 * @param folder   of the {@link Parts}
 * @param pairs    progress alone: tasks that run twice count twice
 */
record ImageTask(Opener opener, Opener.Facts expected, String folder, LongAccumulator pairs)
        implements Function1<Iterator<int[]>, ImageTask.Report>, Serializable {

    /** Settings that go by the driver's user's names for files, wherever they lie here; a digest compares those. */
    static final Set<String> NAMED = Set.of("model", "dataset");

    /**
     * What became of a task.
     *
     * @param images   of its part
     * @param executor that did it
     * @param notices  of those images that have any, as they are no part of a line
     * @param refusal  why the run has to end, in one line; null if it has not
     */
    record Report(int[] images, String executor, TreeMap<Integer, List<String>> notices, String refusal)
            implements Serializable {
    }

    @Override
    public Report apply(Iterator<int[]> partition) {
        int[] images = partition.next();
        Place place = Place.here();
        try {
            return ExecutorModels.with(opener, place, model -> {
                requireSame(model.facts());
                return classify(images, place, model);
            });
        } catch (InputException e) {
            return new Report(images, place.executor(), new TreeMap<>(), EvaluateElsewhere.message(e) + ", on "
                    + place.executor());
        }
    }

    private Report classify(int[] images, Place place, Opener.Opened model) {
        var attempts = new ArrayList<Attempt>();
        var notices = new TreeMap<Integer, List<String>>();
        for (int image : images) {
            Attempt attempt;
            try {
                attempt = model.attempt(image);
            } catch (InputException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new IllegalStateException("image " + image + ", on " + place.executor() + ": " + e.getMessage(),
                        e);
            }
            attempts.add(attempt);
            if (!attempt.notices().isEmpty()) {
                notices.put(image, new ArrayList<>(attempt.notices()));
            }
            if (attempt.failure() == null) {
                pairs.add(attempt.result().outcome().pairs());
            }
        }
        new Parts(RemoteFiles.pathOf(folder)).write(attempts);
        return new Report(images, place.executor(), notices, null);
    }

    private void requireSame(Opener.Facts found) {
        if (!found.inputs().equals(expected.inputs())) {
            throw InputException.of("%s: expected files of the same content on all machines, found others",
                    InputException.field("model"));
        }
        var names = new TreeSet<>(expected.settings().keySet());
        names.addAll(found.settings().keySet());
        names.removeAll(NAMED);
        for (String name : names) {
            String there = expected.settings().get(name);
            String here = found.settings().get(name);
            if (!Objects.equals(there, here)) {
                throw new InputException("expected the same settings on all machines, found " + name + " " + here
                        + " in the place of " + there);
            }
        }
    }
}
