package org.diffusionclassifier.model;

import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a model was trained to undo: for each of T steps how latent and noise are mixed, what the network is given as the
 * time, and how the noise follows from its output. With x₀ the latent and ε the noise,
 *
 * <pre>
 *     x_t = signal · x₀ + level · ε           ε̂ = a · output + b · x_t
 *
 *     the network predicts                    a           b        of the output itself, an error is
 *     ε                                       1           0        ε − ε̂
 *     v = signal · ε − level · x₀             signal      level    (ε − ε̂) / signal
 *     the velocity ε − x₀ of flow matching    1 − level   1        (ε − ε̂) / (1 − level)
 * </pre>
 *
 * the second with signal² + level² = 1 (Salimans and Ho, 2022, arXiv 2202.00512, appendix D), the third with signal +
 * level = 1 (Lipman et al., 2023, arXiv 2210.02747). Devices and networks are given these numbers and know no more of it.
 */
public interface NoiseProcess {

    /** That of a denoising diffusion model; errors are measured in ε. */
    static NoiseProcess of(ScheduleConfig config) {
        return new DenoisingDiffusion(config);
    }

    /** That of a model trained by flow matching; errors are measured in the velocity, which it was trained to predict. */
    static NoiseProcess of(FlowConfig config) {
        return new FlowMatching(config, Target.VELOCITY);
    }

    /**
     * The same with errors measured in something else.
     *
     * @throws InputException if this process has no such target
     */
    default NoiseProcess measuring(Target target) {
        if (target != Target.EPSILON) {
            throw InputException.of("%s %s: expected a model of flow matching, as Stable Diffusion 3; others have epsilon "
                    + "alone", InputException.field("target"), target);
        }
        return this;
    }

    /** T; steps are 0, that of the least noise, to T − 1. */
    int timesteps();

    /** What the network is given as the time. */
    float time(int step);

    /** The factor of x₀ in x_t. */
    float signal(int step);

    /** The factor of ε in x_t. */
    float level(int step);

    /** a. */
    float outputScale(int step);

    /** b. */
    float inputScale(int step);

    /**
     * By what ε − ε̂ is multiplied where an error is measured: 1 for errors of ε, 1/a for errors of the network's output.
     * A squared error of the output is 1/a² times that of ε, so that a process that measures the output has no step at
     * which a is 0.
     */
    float errorScale(int step);

    /** Whether there is a variational bound: {@link #reverse}. */
    default boolean hasBound() {
        return false;
    }

    /**
     * What the variational bound needs of a step.
     *
     * @throws UnsupportedOperationException if the process has no such bound: see {@link #hasBound}
     */
    default ReverseStep reverse(int step) {
        throw new UnsupportedOperationException("a noise process without a variational bound");
    }

    /**
     * The step from x_t to x_{t−1}: q(x_{t−1} | x_t, x₀) with the variance β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t) (Ho et al.,
     * 2020, eq. 7), and the model's p(x_{t−1} | x_t).
     *
     * @param meanScale   κ_t = β_t / √(α_t (1 − ᾱ_t)): means differ by κ_t times what their ε differ by (eq. 11)
     * @param logVariance ln β̃_t; at t = 0, where β̃ is 0, that of t = 1, as in the reference implementation; where there
     *                    is but one step, ln β_0
     * @param logRange    ln β_t − ln β̃_t: how far a learned variance can rise above its least (Nichol and Dhariwal, 2021,
     *                    arXiv 2102.09672, eq. 15)
     */
    record ReverseStep(float meanScale, float logVariance, float logRange) {
    }
}
