package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.util.List;
import java.util.TreeMap;
import org.diffusionclassifier.result.Attempt;

/** Opens in an executor what classifies images there. Two that are equal open the same. */
interface Opener extends Serializable {

    /** What classifies the images of a run, one at a time. */
    interface Opened extends AutoCloseable {

        Facts facts();

        /** @throws org.diffusionclassifier.tensor.InputException if the image is broken, failing fast */
        Attempt attempt(int image);

        @Override
        void close();
    }

    /**
     * What has to be the same in all executors.
     *
     * @param settings    what results depend on, by name
     * @param inputs      digest of the contents of the model's files
     * @param notices     what the user should know of the prompts
     */
    record Facts(TreeMap<String, String> settings, String inputs, List<String> notices) implements Serializable {
    }

    /** @param place what the task was given */
    Opened open(Place place);
}
