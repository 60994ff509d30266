package org.diffusionclassifier.strategy.covariance;

import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Bound;
import org.diffusionclassifier.strategy.Margin;
import org.diffusionclassifier.strategy.MeanEstimate;
import org.diffusionclassifier.strategy.PairedT;

/**
 * Judges rivals by what a {@link TrialCovariance} predicts their mean difference over all trials to be. Given n trials
 * with innovations y ({@link MeanForecast}), a rival's mean over all N has the predictor m̂ and the squared deviation
 * s² · missed(n), where
 *
 * <pre>
 *     s² = (ν σ₀² + Σ y_j²) / (ν + n)
 * </pre>
 *
 * is its own scale, drawn towards that of all rivals learned from. It is surely worse when m̂ is more than z
 * deviations above zero. z is {@linkplain MeasuredRisk measured}, and not a quantile: how often a race that looks
 * after every trial decides otherwise than all trials is known for each z from images that Σ was not learned from.
 * Rivals that are left after all N trials are judged by {@link PairedT}, so that what N trials cannot tell apart is a
 * tie.
 *
 * <p>Tried on the recording, half the images teaching the other half, and not kept; the page on races
 * ({@code src/docs/races.md}) has the figures. A free mean profile in the place of the second moment; Σ by its leading
 * components; rivals near the best weighted more; scales pooled over an image's rivals; Student's quantiles, and z that
 * depends on n or on the rivals left; the covariance of classes beside that of trials; the best and its closest rival
 * alone in each round.
 */
public final class CovarianceBound implements Bound {

    private final TrialCovariance covariance;
    private final Deviations deviations;
    private final MeanForecast forecast;

    /** Turns what may be lost into z: {@link MeasuredRisk#deviations}, or a z that is tried. */
    @FunctionalInterface
    public interface Deviations {

        /**
         * @param delta   how often, at most, all trials may be decided against
         * @param prompts how many race
         */
        double of(double delta, int prompts);
    }

    /** @throws IllegalArgumentException if Σ is not positive definite */
    public CovarianceBound(TrialCovariance covariance, Deviations deviations) {
        this.covariance = covariance;
        this.deviations = deviations;
        this.forecast = new MeanForecast(covariance.sigma());
    }

    /** Only the trials that Σ is of can be ordered by it. */
    @Override
    public List<Trial> order(List<Trial> trials) {
        if (!trials.equals(covariance.trials())) {
            throw new IllegalArgumentException(trials.size() + " trials, other than were learned from");
        }
        return Arrays.stream(forecast.order()).mapToObj(trials::get).toList();
    }

    /** σ₀ is known before the first trial. */
    @Override
    public int firstLook() {
        return 1;
    }

    @Override
    public boolean[] surelyWorse(Look look, double delta) {
        int n = look.timesteps().length;
        if (n == look.of()) {
            return new PairedT().surelyWorse(look, delta);
        }
        var worse = new boolean[look.differences().length];
        double z = deviations.of(delta, look.prompts());
        for (int i = 0; i < worse.length; i++) {
            double[] y = forecast.innovations(look.differences()[i]);
            worse[i] = forecast.mean(y, 0) + look.handicaps()[i]
                    > z * Math.sqrt(covariance.scaleAfter(y) * forecast.missed(n));
        }
        return worse;
    }

    @Override
    public MeanEstimate estimate() {
        return new MeanEstimate() {

            @Override
            public double of(PromptErrors errors, int n) {
                return n == forecast.trials() ? errors.mean(n) : forecast.mean(forecast.innovations(errors, n), 0);
            }

            @Override
            public Margin margin(PromptErrors other, PromptErrors best) {
                int n = Math.min(other.errors().length, best.errors().length);
                if (n == 0 || n == forecast.trials()) {
                    return MeanEstimate.OF_THOSE_SEEN.margin(other, best);
                }
                double[] y = forecast.innovations(other, best, n);
                return new Margin(forecast.mean(y, 0), Math.sqrt(covariance.scaleAfter(y) * forecast.missed(n)),
                        covariance.freedom() + n);
            }
        };
    }
}
