package org.diffusionclassifier.device;

import java.util.Arrays;
import org.diffusionclassifier.tensor.DType;

/**
 * The operations that the paper's method adds to the network: mixing noise into the latent, and the error of the
 * network's prediction, plain or as the variational bound has it. All know the noise by its index only, and of the noise
 * process only the numbers that {@link Trials} carries.
 */
public interface Diffusion {

    /** ℓ(d), d being what an element's prediction misses. */
    enum Loss {
        /** |d|. */
        L1,
        /** d². */
        L2,
        /** d²/2 where |d| ≤ 1, |d| − 1/2 elsewhere (PyTorch's huber_loss with δ = 1). */
        HUBER
    }

    /**
     * The trials of a batch, with x_t = signal · x₀ + level · ε and ε̂ = outputScale · output + inputScale · x_t. Every
     * tensor is read when the graph runs.
     *
     * @param x0          latent [h, w, c], float32
     * @param seed        of the noise, [2] int32: see {@link Philox#key}; ignored where noise is given
     * @param noiseIndex  [M] int32
     * @param signal      of the latent in x_t, [M] float32
     * @param level       of the noise in x_t, [M] float32
     * @param outputScale of the network's output in ε̂, [M] float32
     * @param inputScale  of x_t in ε̂, [M] float32; where it is 0, ε̂ does not depend on x₀
     * @param errorScale  by which ε − ε̂ is multiplied before ℓ is taken, [M] float32
     */
    record Trials(Tensor x0, Tensor seed, Tensor noiseIndex, Tensor signal, Tensor level, Tensor outputScale,
                  Tensor inputScale, Tensor errorScale) {

        /** M, the number of trials. */
        public int count() {
            return noiseIndex.dim(0);
        }

        /**
         * Checks the predictions of P pairs.
         *
         * @param factor how many times the latent's channels they have
         * @throws IllegalArgumentException unless {@code predicted} is float32 [P, h, w, factor · c]
         */
        public void requirePredictions(Tensor predicted, int pairs, int factor) {
            int[] shape = {pairs, x0.dim(0), x0.dim(1), factor * x0.dim(2)};
            if (predicted.type() != DType.F32 || !Arrays.equals(predicted.shape(), shape)) {
                throw new IllegalArgumentException("errors of " + predicted + " for " + pairs + " pairs of " + x0);
            }
        }
    }

    /**
     * The steps from x_t to x_{t−1} of a batch's trials, which the variational bound needs besides. It compares
     * q(x_{t−1} | x_t, x₀), whose variance is β̃_t, with the model's p(x_{t−1} | x_t), whose variance lies between β̃_t
     * and β_t (Nichol and Dhariwal, 2021, arXiv 2102.09672, eq. 15). Every tensor is read when the graph runs.
     *
     * @param timestep    t, [M] int32
     * @param meanScale   κ_t = β_t / √(α_t (1 − ᾱ_t)): means differ by κ_t times what their ε differ by, [M] float32
     * @param logVariance ln β̃_t, at t = 0 that of t = 1, [M] float32
     * @param logRange    ln β_t − ln β̃_t, [M] float32
     */
    record ReverseSteps(Tensor timestep, Tensor meanScale, Tensor logVariance, Tensor logRange) {
    }

    /**
     * What is asked of a prediction.
     *
     * @param loss    ℓ
     * @param withMap whether {@link Errors#map} is wanted too
     */
    record Measure(Loss loss, boolean withMap) {
    }

    /**
     * What the predictions of a batch of P pairs miss, summed in a fixed order.
     *
     * @param mean [P] float32, ℓ(errorScale · (ε − ε̂)) averaged over the latent
     * @param map  [P, h, w] float32, averaged over channels only: where the error lies; null unless asked for
     */
    record Errors(Tensor mean, Tensor map) {
    }

    /** Noise of another origin, [N, h, w, c] of float32, one ε a row; null where it is computed from the seed. */
    Tensor table();

    /** x_t = signal · x₀ + level · ε for each trial (Ho et al., 2020, arXiv 2006.11239, eq. 4): [M, h, w, c]. */
    Tensor addNoise(Trials trials);

    /**
     * Errors of the pairs' predictions.
     *
     * @param predicted   the network's output, [P, h, w, c] float32, its rows any distance apart
     * @param trialOfPair [P] int32 in [0, M), ascending
     */
    Errors errors(Tensor predicted, Trials trials, Tensor trialOfPair, Measure measure);

    /**
     * The term of timestep t in the variational bound on −log₂ p(x₀), in bits a dimension (Ho et al., 2020, eq. 5, with
     * the variance learned as in Nichol and Dhariwal, 2021, section 3.1): with δ = κ_t (ε − ε̂),
     * u = (v + 1)/2 · ln(β_t/β̃_t) and σ² = β̃_t eᵘ, the mean over the latent's elements of
     *
     * <pre>
     *     t > 0:  KL(q ‖ p) = ½ (u − 1 + e^−u + δ²/σ²)
     *     t = 0:  −ln(Φ((δ' + 1/255)/σ) − Φ((δ' − 1/255)/σ)),  δ' = −δ = x₀ − the mean of p
     * </pre>
     *
     * over ln 2. In the second, which takes x₀ for a grey level in [−1, 1] as the reference implementations do, the
     * lower end is −∞ for x₀ &lt; −0.999 and the upper +∞ for x₀ &gt; 0.999; Φ is its tanh approximation, and no
     * probability counts as less than 10⁻¹².
     *
     * @param predicted   the output that ε̂ is made of and then v of each element, [P, h, w, 2c] float32, dense
     * @param trialOfPair [P] int32 in [0, M), ascending
     * @param withSquares whether the mean of (errorScale · (ε − ε̂))² is added
     * @return [P] float32
     */
    Tensor bound(Tensor predicted, Trials trials, ReverseSteps steps, Tensor trialOfPair, boolean withSquares);
}
