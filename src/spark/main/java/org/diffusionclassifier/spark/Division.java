package org.diffusionclassifier.spark;

import java.io.Serializable;

/**
 * How many tasks share a round of an image.
 *
 * @param ranges       of its pairs, one a task; 1 for none to share
 * @param leastBatches of a range: as it costs a task an image's encoding, it should evaluate many pairs
 */
record Division(int ranges, int leastBatches) implements Serializable {

    /** An image is one task's. */
    static final Division NONE = new Division(1, 1);

    /** Tasks that share a round of so many batches. */
    int of(int batches) {
        return Math.min(ranges, batches / leastBatches);
    }
}
