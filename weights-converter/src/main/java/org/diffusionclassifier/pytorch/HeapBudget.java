package org.diffusionclassifier.pytorch;

import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * How much of the heap the structure of one untrusted file may take: its directory, its names, the objects of its
 * pickle. Everything is charged before it is allocated, with upper estimates. One bound thus covers every way in which
 * a small file can claim to be large: depth, memo, strings, collections.
 */
final class HeapBudget {

    /** Twice the charge of a Stable Diffusion checkpoint with averaged weights and the optimizer's state. */
    private static final long BYTES = 48 << 20;

    private final DataFile file;
    private long left = BYTES;

    HeapBudget(DataFile file) {
        this.file = file;
    }

    /** @throws InputException if these bytes are more than what is left */
    void charge(long bytes) {
        if (bytes > left) {
            throw new InputException(file.path() + ": expected a checkpoint whose structure takes at most "
                    + (BYTES >> 20) + " MiB, found a larger one");
        }
        left -= bytes;
    }

    /** Charges a text of {@code length} bytes: these bytes, while they are decoded, and two bytes a character. */
    void chargeText(long length) {
        charge(64 + 4 * length);
    }
}
