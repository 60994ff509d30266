package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.tensor.InputException;

/** Opens in an executor what classifies images there. Two that are equal open the same. */
interface Opener extends Serializable {

    /** What classifies the images of a run, one at a time. */
    interface Opened extends AutoCloseable {

        Facts facts();

        /**
         * Classifies an image, or goes on with one that tasks share.
         *
         * @return empty once a round is left to tasks
         * @throws InputException if the image is broken, failing fast
         */
        Optional<Attempt> attempt(int image, SharedRounds rounds);

        /**
         * The errors of a range of a round's pairs, prompt by prompt within each trial.
         *
         * @throws InputException if the image is broken
         */
        float[] errors(int image, Round round, PairRange pairs);

        @Override
        void close();
    }

    /**
     * What has to be the same in all executors.
     *
     * @param settings  what results depend on, by name
     * @param inputs    digest of the contents of the model's files
     * @param batchSize pairs evaluated at once
     * @param notices   what the user should know of the prompts
     */
    record Facts(TreeMap<String, String> settings, String inputs, int batchSize, List<String> notices)
            implements Serializable {

        /** Settings that go by the driver's user's names for files, wherever they lie here; a digest compares those. */
        private static final Set<String> NAMED = Set.of("model", "dataset");

        /** @throws InputException if another executor's differ; of their notices, nothing is expected */
        void requireSame(Facts found) {
            if (!found.inputs.equals(inputs)) {
                throw InputException.of("%s: expected files of the same content on all machines, found others",
                        InputException.field("model"));
            }
            var names = new TreeSet<>(settings.keySet());
            names.addAll(found.settings.keySet());
            names.removeAll(NAMED);
            for (String name : names) {
                String there = settings.get(name);
                String here = found.settings.get(name);
                if (!Objects.equals(there, here)) {
                    throw new InputException("expected the same settings on all machines, found " + name + " " + here
                            + " in the place of " + there);
                }
            }
            if (found.batchSize != batchSize) {
                throw InputException.of("%s: expected one that all machines have room for, found room for %d pairs in "
                        + "the place of %d", InputException.field("batchSize"), found.batchSize, batchSize);
            }
        }
    }

    /** @param place what the task was given */
    Opened open(Place place);
}
