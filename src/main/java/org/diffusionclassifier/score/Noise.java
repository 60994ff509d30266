package org.diffusionclassifier.score;

import org.diffusionclassifier.device.Philox;
import org.diffusionclassifier.device.Tensor;

/** Where the noise ε of a run's trials comes from: computed from a seed, or given. */
public sealed interface Noise {

    /** ε of noise index i is a function of (seed, i, element) alone: see {@link Philox}. */
    record Seeded(long seed) implements Noise {
    }

    /**
     * Noise of another implementation.
     *
     * @param table [N, h, w, c] of float32, one ε a row
     */
    record Given(Tensor table) implements Noise {
    }
}
