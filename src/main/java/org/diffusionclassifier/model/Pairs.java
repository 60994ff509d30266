package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Tensor;

/**
 * What a network is asked about: P pairs of a trial and a prompt. Every tensor is read when the graph runs.
 *
 * @param times        what the network is given as the time of M trials, [M] float32
 * @param trialOfPair  [P] int32, ascending over [0, M), each trial with one pair at least
 * @param conditioning of N prompts
 * @param promptOfPair [P] int32 in [0, N)
 */
public record Pairs(Tensor times, Tensor trialOfPair, Conditioning conditioning, Tensor promptOfPair) {

    /** M. */
    public int trials() {
        return times.dim(0);
    }
}
