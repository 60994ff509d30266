package org.diffusionclassifier.model;

import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;

/**
 * The noise process of denoising diffusion models: signal² = ᾱ_t = Π_{s ≤ t} (1 − β_s), level² = 1 − ᾱ_t (Ho et al., 2020,
 * section 2). β runs linearly from its start to its end, or its square root does (Stable Diffusion's "scaled linear").
 * The network is given the step's number as the time, and predicts ε or v.
 */
final class DenoisingDiffusion implements NoiseProcess {

    private final PredictionType prediction;
    private final double[] beta;
    private final double[] alphaBar;

    DenoisingDiffusion(ScheduleConfig config) {
        int steps = config.timesteps();
        prediction = config.prediction();
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

    /** @param position from 0, the first step, to 1, the last */
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

    @Override
    public int timesteps() {
        return alphaBar.length;
    }

    /** ᾱ_t. */
    double alphaBar(int t) {
        return alphaBar[t];
    }

    @Override
    public float time(int step) {
        return step;
    }

    @Override
    public float signal(int step) {
        return (float) Math.sqrt(alphaBar[step]);
    }

    @Override
    public float level(int step) {
        return (float) Math.sqrt(1 - alphaBar[step]);
    }

    @Override
    public float outputScale(int step) {
        return switch (prediction) {
            case EPSILON -> 1;
            case V_PREDICTION -> signal(step);
        };
    }

    @Override
    public float inputScale(int step) {
        return switch (prediction) {
            case EPSILON -> 0;
            case V_PREDICTION -> level(step);
        };
    }

    @Override
    public float errorScale(int step) {
        return 1;
    }

    @Override
    public ReverseStep reverse(int step) {
        double meanScale = beta[step] / Math.sqrt((1 - beta[step]) * (1 - alphaBar[step]));
        return new ReverseStep((float) meanScale, (float) logVariance(step),
                (float) (Math.log(beta[step]) - logVariance(step)));
    }

    private double logVariance(int t) {
        int step = Math.max(t, 1);
        return timesteps() == 1 ? Math.log(beta[0])
                : Math.log(beta[step] * (1 - alphaBar[step - 1]) / (1 - alphaBar[step]));
    }
}
