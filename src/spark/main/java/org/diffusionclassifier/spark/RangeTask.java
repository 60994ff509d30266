package org.diffusionclassifier.spark;

import java.io.Serializable;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.tensor.InputException;
import scala.Function1;
import scala.collection.Iterator;

/**
 * What a task does for an image that it shares with others: evaluates a range of a round's pairs, and writes the errors
 * as a part. Runs in executors.
 *
 * @param work  what is done, by which model
 * @param image which of the dataset
 */
record RangeTask(ImageTask work, int image, Round round) implements Function1<Iterator<PairRange>, RangeTask.Report>,
        Serializable {

    /**
     * What became of a task.
     *
     * @param whole   whether the errors are there; if not, the image is broken, or its errors are not finite
     * @param refusal why the run has to end, in one line; null if it has not
     */
    record Report(int image, boolean whole, String refusal) implements TaskReport {
    }

    @Override
    public Report apply(Iterator<PairRange> partition) {
        PairRange pairs = partition.next();
        return work.onModel((place, model) -> new Report(image, evaluate(pairs, place, model), null),
                refusal -> new Report(image, false, refusal));
    }

    private boolean evaluate(PairRange pairs, Place place, Opener.Opened model) {
        float[] errors;
        try {
            errors = model.errors(image, round, pairs);
        } catch (InputException e) {
            return false;
        } catch (RuntimeException e) {
            throw ImageTask.failure(image, place, e);
        }
        work.errors(image).write(round, pairs, errors);
        work.pairs().add(pairs.pairs());
        return true;
    }
}
