package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;

/**
 * How a batch of P pairs hangs on its M trials: what does not depend on the class is computed once a trial, [M, ..], and
 * given to each of the trial's pairs, [P, ..], where class and trial first meet.
 */
public final class PairRows {

    private final Device device;
    private final Tensor trialOfPair;
    private final int trials;

    /** @param trialOfPair [P] int32, ascending over [0, M), each trial with one pair at least */
    public PairRows(Device device, Tensor trialOfPair, int trials) {
        this.device = device;
        this.trialOfPair = trialOfPair;
        this.trials = trials;
    }

    /** P. */
    public int pairs() {
        return trialOfPair.dim(0);
    }

    /** The entries of x for a batch of {@code rows}, which is M or P: x itself if it has them, else one for each pair. */
    public Tensor expand(Tensor x, int rows) {
        boolean onePairEach = pairs() == trials;
        return onePairEach || x.dim(0) == rows ? x : device.gather(x, trialOfPair);
    }
}
