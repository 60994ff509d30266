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
    private static final long CHECKPOINT = 48 << 20;

    private final DataFile file;
    private final String what;
    private final long limit;
    private long left;

    HeapBudget(DataFile file) {
        this(file, "a checkpoint whose structure", CHECKPOINT);
    }

    /** @param what the file is expected to be, for the message: {@code what} takes at most … */
    HeapBudget(DataFile file, String what, long limit) {
        this.file = file;
        this.what = what;
        this.limit = limit;
        this.left = limit;
    }

    /** @throws InputException if these bytes are more than what is left */
    void charge(long bytes) {
        if (bytes > left) {
            throw new InputException(file.path() + ": expected " + what + " takes at most " + (limit >> 20)
                    + " MiB, found a larger one");
        }
        left -= bytes;
    }

    /** Charges a text of {@code length} bytes: these bytes, while they are decoded, and two bytes a character. */
    void chargeText(long length) {
        charge(64 + 4 * length);
    }
}
