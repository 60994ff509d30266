package org.diffusionclassifier;

import java.util.Set;
import java.util.SortedMap;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;

/**
 * Who classifies the images of an {@link Evaluation}: the devices of a classifier, or other machines, which do so by
 * {@link Evaluation#attempt}.
 */
public interface Workers {

    /** Learns what becomes of images; called by the thread that called {@link #classify}. */
    interface Receiver {

        /** The next image's, in the order of images. @param worker by its name, as {@code cuda:1} */
        void finished(String worker, Attempt attempt);

        /** How far the images are that workers share, in a few words. */
        default void underWay(String howFar) {
        }

        /** A worker failed, and others go on. */
        void lost(String worker, DeviceException failure);
    }

    /** As {@link Evaluation#settings} has them where images are classified. */
    SortedMap<String, String> settings();

    /** Images of which an earlier start has left something, as results that were not handed on. */
    default Set<Integer> begun() {
        return Set.of();
    }

    /**
     * Does images, and returns once all are done.
     *
     * @param images indices in the dataset, in the order of results
     * @throws DeviceException once all have failed; what they finished was handed on then
     */
    void classify(int[] images, Receiver receiver);
}
