package org.diffusionclassifier.device;

import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.ScheduleConfig.PredictionType;

/**
 * The two operations the paper's method adds to the network: mixing noise into the latent, and the error of its
 * prediction. Both know the noise by its index only.
 */
public interface Diffusion {

    /** ℓ(ε − ε̂), averaged over the latent's elements. */
    enum Loss {
        /** |d|. */
        L1,
        /** d². */
        L2,
        /** d²/2 where |d| ≤ 1, |d| − 1/2 elsewhere (PyTorch's huber_loss with δ = 1). */
        HUBER
    }

    /**
     * The trials of a batch; every tensor is read when the graph runs.
     *
     * @param x0           latent [h, w, c], float32
     * @param seed         of the noise, [2] int32: see {@link Philox#key}; ignored where noise is given
     * @param noiseIndex   [M] int32
     * @param signalLevel  √ᾱ_t, [M] float32
     * @param noiseLevel   √(1 − ᾱ_t), [M] float32
     */
    record Trials(Tensor x0, Tensor seed, Tensor noiseIndex, Tensor signalLevel, Tensor noiseLevel) {

        /** M, the number of trials. */
        public int count() {
            return noiseIndex.dim(0);
        }

        /** @throws IllegalArgumentException unless {@code predicted} holds a float32 latent for each pair */
        public void requirePredictions(Tensor predicted, int pairs) {
            if (predicted.type() != DType.F32 || !predicted.isDense()
                    || predicted.elements() != pairs * x0.elements()) {
                throw new IllegalArgumentException("errors of " + predicted + " for " + pairs + " pairs of " + x0);
            }
        }
    }

    /**
     * What is asked of a prediction.
     *
     * @param loss       ℓ
     * @param prediction what the network predicts: ε̂, or v̂ with ε̂ = √ᾱ v̂ + √(1−ᾱ) x_t (Salimans and Ho, 2022, arXiv
     *                   2202.00512, appendix D)
     * @param withMap    whether {@link Errors#map} is wanted too
     */
    record Measure(Loss loss, PredictionType prediction, boolean withMap) {
    }

    /**
     * What the predictions of a batch of P pairs miss, summed in a fixed order.
     *
     * @param mean [P] float32, ℓ(ε − ε̂) averaged over the latent
     * @param map  [P, h, w] float32, averaged over channels only: where the error lies; null unless asked for
     */
    record Errors(Tensor mean, Tensor map) {
    }

    /** x_t = √ᾱ_t x₀ + √(1−ᾱ_t) ε for each trial (Ho et al., 2020, arXiv 2006.11239, eq. 4): [M, h, w, c]. */
    Tensor addNoise(Trials trials);

    /**
     * Errors of the pairs' predictions.
     *
     * @param predicted   the network's output, [P, h, w, c] float32
     * @param trialOfPair [P] int32 in [0, M), ascending
     */
    Errors errors(Tensor predicted, Trials trials, Tensor trialOfPair, Measure measure);

    /**
     * The network's first layer on the noised latents, [M, h, w, C]. A device may do it without storing x_t.
     *
     * @param first 3×3, of c channels
     */
    default Tensor convolveNoised(Trials trials, Conv2d first) {
        return first.forward(addNoise(trials));
    }

    /**
     * Errors of what the network's last layer predicts from [P, h, w, C]. A device may do it without storing ε̂.
     *
     * @param last 3×3, to c channels in float32
     */
    default Errors errors(Tensor x, Conv2d last, Trials trials, Tensor trialOfPair, Measure measure) {
        return errors(last.forward(x), trials, trialOfPair, measure);
    }
}
