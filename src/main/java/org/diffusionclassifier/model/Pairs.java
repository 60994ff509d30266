package org.diffusionclassifier.model;

import org.diffusionclassifier.device.Tensor;

/**
 * What a network is asked about: P pairs of a trial and a prompt. Every tensor is read when the graph runs.
 *
 * @param timesteps    of M trials, [M] int32
 * @param trialOfPair  [P] int32, ascending over [0, M), each trial with one pair at least
 * @param conditioning of N prompts
 * @param promptOfPair [P] int32 in [0, N)
 */
public record Pairs(Tensor timesteps, Tensor trialOfPair, Conditioning conditioning, Tensor promptOfPair) {

    /** M. */
    public int trials() {
        return timesteps.dim(0);
    }
}
