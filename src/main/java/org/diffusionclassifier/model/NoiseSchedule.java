package org.diffusionclassifier.model;

import org.diffusionclassifier.weights.ScheduleConfig;

/**
 * How much of the image is left at timestep t: ᾱ_t = Π_{s ≤ t} (1 − β_s) (Ho et al., 2020, section 2). β runs linearly
 * from its start to its end, or its square root does (Stable Diffusion's "scaled linear").
 */
public final class NoiseSchedule {

    private final double[] alphaBar;

    public NoiseSchedule(ScheduleConfig config) {
        int steps = config.timesteps();
        alphaBar = new double[steps];
        double product = 1;
        for (int t = 0; t < steps; t++) {
            double position = steps == 1 ? 0 : (double) t / (steps - 1);
            product *= 1 - beta(config, position);
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
}
