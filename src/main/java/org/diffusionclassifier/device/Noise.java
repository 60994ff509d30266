package org.diffusionclassifier.device;

/** Where the noise ε of a trial comes from: computed from a seed, or given. */
public sealed interface Noise {

    /**
     * Philox4x32-10 and Box–Muller: ε of noise index i is a function of (seed, i, element) alone. See
     * {@link Philox} for the definition.
     */
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
