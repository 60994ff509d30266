package org.diffusionclassifier.model;

import java.util.stream.IntStream;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.tensor.InputException;

/**
 * The noise process of denoising diffusion models: signal² = ᾱ_t = Π_{s ≤ t} (1 − β_s), level² = 1 − ᾱ_t (Ho et al., 2020,
 * section 2). The network is given the step's number as the time, and predicts ε or v.
 *
 * <p>A schedule of zero terminal SNR has signal 0 and level 1 at its last step, where x_t = ε. A network that predicts
 * ε is measured there like everywhere. One that predicts v is not: a = 0 and b = 1 give ε̂ = ε whatever its output, so
 * that every class has the error 0 and the step tells none from another. Nothing is divided by the signal, but in the
 * variational bound ({@link #reverse}), which such a schedule does not have.
 */
final class DenoisingDiffusion implements NoiseProcess {

    private final PredictionType prediction;
    private final double[] beta;
    private final double[] alphaBar;

    /** @throws InputException for a schedule that cannot be stretched to zero terminal SNR and is meant to be */
    DenoisingDiffusion(ScheduleConfig config) {
        prediction = config.prediction();
        beta = betas(config);
        alphaBar = new double[beta.length];
        double product = 1;
        for (int t = 0; t < beta.length; t++) {
            product *= 1 - beta[t];
            alphaBar[t] = product;
        }
        if (config.zeroTerminalSnr()) {
            stretch();
        }
    }

    private static double[] betas(ScheduleConfig config) {
        int steps = config.timesteps();
        if (!config.trainedBetas().isEmpty()) {
            return config.trainedBetas().stream().mapToDouble(Double::doubleValue).toArray();
        }
        return IntStream.range(0, steps).mapToDouble(t -> {
            double position = steps == 1 ? 0 : (double) t / (steps - 1);       // from 0, the first step, to 1, the last
            return switch (config.schedule()) {
                case LINEAR -> mix(config.betaStart(), config.betaEnd(), position);
                case SCALED_LINEAR -> square(mix(Math.sqrt(config.betaStart()), Math.sqrt(config.betaEnd()), position));
                case COSINE -> Math.min(0.999, 1 - cosine((t + 1.0) / steps) / cosine((double) t / steps));
            };
        }).toArray();
    }

    private static double mix(double from, double to, double position) {
        return from + position * (to - from);
    }

    private static double square(double x) {
        return x * x;
    }

    /** ᾱ before it is made of capped β (Nichol and Dhariwal, 2021, eq. 17). @param time from 0 to 1 */
    private static double cosine(double time) {
        return square(Math.cos((time + 0.008) / 1.008 * Math.PI / 2));
    }

    /**
     * Moves √ᾱ so that the last one is 0, and scales it so that the first one stays (Lin et al., 2023, arXiv
     * 2305.08891, algorithm 1).
     */
    private void stretch() {
        double first = Math.sqrt(alphaBar[0]);
        double last = Math.sqrt(alphaBar[alphaBar.length - 1]);
        if (first <= last) {
            throw new InputException("rescale_betas_zero_snr: expected a schedule whose signal falls from its first "
                    + "step to its last, found a signal of " + first + " at both");
        }
        double before = 1;
        for (int t = 0; t < alphaBar.length; t++) {
            alphaBar[t] = square((Math.sqrt(alphaBar[t]) - last) * first / (first - last));
            beta[t] = before == 0 ? 1 : 1 - alphaBar[t] / before;
            before = alphaBar[t];
        }
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

    /** The last step's mean divides by its signal. */
    @Override
    public boolean hasBound() {
        return signal(timesteps() - 1) > 0;
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
