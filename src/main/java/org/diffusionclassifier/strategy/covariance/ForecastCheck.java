package org.diffusionclassifier.strategy.covariance;

import java.util.List;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.stat.descriptive.rank.Median;
import org.apache.commons.math3.util.FastMath;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.strategy.Prediction;

/**
 * Holds what a {@link TrialCovariance} forecasts against what races then see, and so notices one that does not fit: by
 * two numbers an image, whose means are compared with those on images that were held out when it was learned.
 *
 * <ul>
 * <li>Is the scale right? ln of the median of y₁²/σ₀² over the rivals: their first innovation, before which nothing but
 * σ₀ is known of them.
 * <li>Does the forecast of the mean come true? After its first trial a rival's forecast has yet to move by
 * Σ g_j y_j over the trials 2 to n, of variance s² (missed(1) − missed(n)): the mean of the squared ratio over the
 * rivals that saw two trials or more. It is large where trials vary together that Σ takes for independent.
 * </ul>
 *
 * <p>Small deviations are of no harm and are in any other data set. So the covariance is taken to be wrong only where,
 * by {@value #SURELY} standard errors, the scale is off by more than a factor of {@value #OFF} in σ², or the forecast
 * misses by more than twice the square that it should.
 *
 * <p>It sees no more than races evaluate. A Σ that has them end on trials that agree with one another, and not with
 * those that were never asked for, is not noticed.
 *
 * <p>For one thread.
 */
public final class ForecastCheck {

    private static final int SURELY = 4;
    private static final int OFF = 3;

    /** Below, a standard error is hardly known. */
    private static final int LEAST_IMAGES = 10;

    private final TrialCovariance covariance;
    private final Expected expected;
    private final MeanForecast forecast;
    private final SummaryStatistics scale = new SummaryStatistics();
    private final SummaryStatistics surprise = new SummaryStatistics();

    /** @param expected means on images that were held out; null to find them out */
    public ForecastCheck(TrialCovariance covariance, Expected expected) {
        this.covariance = covariance;
        this.expected = expected;
        this.forecast = new MeanForecast(covariance.sigma());
    }

    /**
     * Means over images.
     *
     * @param logScale of ln(y₁²/σ₀²)
     * @param surprise of the squared ratio of the forecast's movements to what was expected of them
     */
    public record Expected(double logScale, double surprise) {
    }

    /** Takes an image in, as a race by the covariance decided it. */
    public void add(Prediction prediction) {
        PromptErrors winner = prediction.winner();
        List<double[]> rivals = prediction.ranking().stream().skip(1).filter(rival -> rival.errors().length > 0)
                .map(rival -> forecast.innovations(rival, winner,
                        Math.min(rival.errors().length, winner.errors().length)))
                .filter(y -> y[0] != 0).toList();
        if (rivals.isEmpty()) {
            return;
        }
        scale.addValue(FastMath.log(new Median().evaluate(
                rivals.stream().mapToDouble(y -> y[0] * y[0] / covariance.scale()).toArray())));
        rivals.stream().filter(y -> y.length > 1).mapToDouble(this::surprise).average().ifPresent(surprise::addValue);
    }

    private double surprise(double[] y) {
        double moved = forecast.mean(y, 1);
        return moved * moved / (covariance.scaleAfter(y[0]) * (forecast.missed(1) - forecast.missed(y.length)));
    }

    /** Means over the images so far, one at least. */
    public Expected means() {
        return new Expected(scale.getMean(), surprise.getN() == 0 ? 1 : surprise.getMean());
    }

    /** Whether the images so far surely do not fit. */
    public boolean isWrong() {
        return scale.getN() >= LEAST_IMAGES
                && Math.abs(scale.getMean() - expected.logScale) - uncertainty(scale) > FastMath.log(OFF)
                || surprise.getN() >= LEAST_IMAGES
                && surprise.getMean() - uncertainty(surprise) > 2 * expected.surprise;
    }

    private static double uncertainty(SummaryStatistics statistics) {
        return SURELY * statistics.getStandardDeviation() / Math.sqrt(statistics.getN());
    }
}
