package org.diffusionclassifier.model;

import org.diffusionclassifier.config.FlowConfig;

/**
 * Rectified flow: x_t = (1 − σ) x₀ + σ ε, whose network predicts ε − x₀ and is given 1000 σ as the time (Esser et al.,
 * 2024, arXiv 2403.03206, section 2). Step k of T has s = (k + 1)/T, moved to σ = shift · s / (1 + (shift − 1) s) (section
 * 5.3.2; diffusers' {@code FlowMatchEulerDiscreteScheduler}).
 *
 * <p>An error of the velocity is one of ε over 1 − σ. At the last step σ would be 1, x_t nothing but noise, and the
 * quotient 0/0. Latent and noise are mixed there with {@link #MOST_NOISE}, which differs from 1 by less than the noise of
 * any step before.
 *
 * @param target in what errors are measured
 */
record FlowMatching(FlowConfig config, Target target) implements NoiseProcess {

    /** 1 − 2⁻¹²: what float32 rounds off is then 2⁻¹² of an element of a velocity. */
    static final double MOST_NOISE = 1 - 0x1p-12;

    /** Of the time that networks are trained with, whatever the number of steps. */
    private static final double TIME_SCALE = 1000;

    private double sigma(int step) {
        double s = (step + 1.0) / config.timesteps();
        return config.shift() * s / (1 + (config.shift() - 1) * s);
    }

    private double mixed(int step) {
        return Math.min(sigma(step), MOST_NOISE);
    }

    @Override
    public int timesteps() {
        return config.timesteps();
    }

    @Override
    public float time(int step) {
        return (float) (TIME_SCALE * sigma(step));
    }

    @Override
    public float signal(int step) {
        return (float) (1 - mixed(step));
    }

    @Override
    public float level(int step) {
        return (float) mixed(step);
    }

    @Override
    public float outputScale(int step) {
        return signal(step);
    }

    @Override
    public float inputScale(int step) {
        return 1;
    }

    @Override
    public float errorScale(int step) {
        return target == Target.VELOCITY ? (float) (1 / (1 - mixed(step))) : 1;
    }

    @Override
    public NoiseProcess measuring(Target other) {
        return new FlowMatching(config, other);
    }
}
