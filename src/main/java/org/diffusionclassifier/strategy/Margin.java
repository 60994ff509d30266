package org.diffusionclassifier.strategy;

import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.diffusionclassifier.score.PromptErrors;

/**
 * How much larger one prompt's mean error is than another's, from trials that both have seen. Errors of two prompts on
 * one trial share timestep and noise, so that their difference varies far less than either: this is where the method's
 * certainty lies.
 *
 * @param mean          of the differences, or what it is predicted to be
 * @param standardError of that mean; NaN if it is not known
 * @param freedom       degrees of freedom of Student's t for mean / standardError; 0 if the error is not known
 */
public record Margin(double mean, double standardError, double freedom) {

    /** Of {@code other}'s errors less {@code best}'s, by the standard deviation of n differences: n − 1 degrees. */
    static Margin between(PromptErrors other, PromptErrors best) {
        int shared = Math.min(other.errors().length, best.errors().length);
        var differences = new SummaryStatistics();
        for (int i = 0; i < shared; i++) {
            differences.addValue((double) other.errors()[i] - best.errors()[i]);
        }
        double error = shared < 2 ? Double.NaN : differences.getStandardDeviation() / Math.sqrt(shared);
        return new Margin(shared == 0 ? Double.NaN : differences.getMean(), error, Math.max(0, shared - 1));
    }

    /** Whether there is an error to it; one trial alone has none. */
    public boolean hasError() {
        return freedom > 0;
    }

    /**
     * With which confidence the difference is above zero: 1 less the p-value of Student's one-sided paired test, in
     * [0, 1]; 0.5 where there are too few trials to tell. It holds for one look at a number of trials fixed beforehand.
     */
    public double confidence() {
        if (!hasError() || standardError == 0) {
            return mean > 0 && hasError() ? 1 : 0.5;
        }
        return new TDistribution(freedom).cumulativeProbability(mean / standardError);
    }

    /** Half the width of the two-sided interval of Student's t at {@code level}, in (0, 1); NaN without an error. */
    public double halfWidth(double level) {
        return hasError() ? standardError * new TDistribution(freedom).inverseCumulativeProbability((1 + level) / 2)
                : Double.NaN;
    }
}
