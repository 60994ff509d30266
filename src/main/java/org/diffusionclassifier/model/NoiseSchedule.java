package org.diffusionclassifier.model;

import org.diffusionclassifier.config.ScheduleConfig;

/**
 * How much of the image is left at timestep t: ᾱ_t = Π_{s ≤ t} (1 − β_s) (Ho et al., 2020, section 2). β runs linearly
 * from its start to its end, or its square root does (Stable Diffusion's "scaled linear").
 */
public final class NoiseSchedule {

    private final double[] beta;
    private final double[] alphaBar;

    public NoiseSchedule(ScheduleConfig config) {
        int steps = config.timesteps();
        beta = new double[steps];
        alphaBar = new double[steps];
        double product = 1;
        for (int t = 0; t < steps; t++) {
            double position = steps == 1 ? 0 : (double) t / (steps - 1);
            beta[t] = beta(config, position);
            product *= 1 - beta[t];
            alphaBar[t] = product;
        }
    }

    /** @param position from 0, the first timestep, to 1, the last */
    private static double beta(ScheduleConfig config, double position) {
        return switch (config.schedule()) {
            case LINEAR -> config.betaStart() + position * (config.betaEnd() - config.betaStart());
            case SCALED_LINEAR -> {
                double root = Math.sqrt(config.betaStart());
                root += position * (Math.sqrt(config.betaEnd()) - root);
                yield root * root;
            }
        };
    }

    /** T; timesteps are 0 to T − 1. */
    public int timesteps() {
        return alphaBar.length;
    }

    /** ᾱ_t. */
    public double alphaBar(int t) {
        return alphaBar[t];
    }

    /** √ᾱ_t, the factor of the image in x_t. */
    public float signalLevel(int t) {
        return (float) Math.sqrt(alphaBar[t]);
    }

    /** √(1 − ᾱ_t), the factor of the noise in x_t. */
    public float noiseLevel(int t) {
        return (float) Math.sqrt(1 - alphaBar[t]);
    }

    /**
     * κ_t = β_t / √(α_t (1 − ᾱ_t)): two means of x_{t−1} given x_t, of noises that differ by d, differ by κ_t d (Ho et
     * al., 2020, eq. 11).
     */
    public float meanScale(int t) {
        return (float) (beta[t] / Math.sqrt((1 - beta[t]) * (1 - alphaBar[t])));
    }

    /**
     * ln β̃_t, the variance of q(x_{t−1} | x_t, x₀), β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t) (Ho et al., 2020, eq. 7). At
     * t = 0, where it is 0, that of t = 1, as in the reference implementation; a schedule of a single step has ln β₀.
     */
    public float logVariance(int t) {
        return (float) logOfVariance(t);
    }

    /** ln β_t − ln β̃_t: how far a learned variance can rise above its least (Nichol and Dhariwal, 2021, eq. 15). */
    public float logRange(int t) {
        return (float) (Math.log(beta[t]) - logOfVariance(t));
    }

    private double logOfVariance(int t) {
        int step = Math.max(t, 1);
        return timesteps() == 1 ? Math.log(beta[0])
                : Math.log(beta[step] * (1 - alphaBar[step - 1]) / (1 - alphaBar[step]));
    }
}
