package org.diffusionclassifier.strategy;

import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.diffusionclassifier.score.PromptErrors;

/**
 * How much larger one prompt's error is than another's, over trials that both have seen. Errors of two prompts on one
 * trial share timestep and noise, so that their difference varies far less than either: this is where the method's
 * certainty lies.
 *
 * @param mean          of the differences
 * @param standardError of that mean, by their standard deviation; NaN for fewer than two trials
 * @param trials        n
 */
public record Margin(double mean, double standardError, int trials) {

    /** Of {@code other}'s errors less {@code best}'s. */
    static Margin between(PromptErrors other, PromptErrors best) {
        int shared = Math.min(other.errors().length, best.errors().length);
        var differences = new SummaryStatistics();
        for (int i = 0; i < shared; i++) {
            differences.addValue((double) other.errors()[i] - best.errors()[i]);
        }
        double error = shared < 2 ? Double.NaN : differences.getStandardDeviation() / Math.sqrt(shared);
        return new Margin(shared == 0 ? Double.NaN : differences.getMean(), error, shared);
    }

    /**
     * With which confidence the difference is above zero: 1 less the p-value of Student's one-sided paired test, in
     * [0, 1]; 0.5 where there are too few trials to tell. It holds for one look at a number of trials fixed beforehand.
     */
    public double confidence() {
        if (trials < 2 || standardError == 0) {
            return mean > 0 && trials >= 2 ? 1 : 0.5;
        }
        return new TDistribution(trials - 1).cumulativeProbability(mean / standardError);
    }

    /** Half the width of the two-sided interval of Student's t at {@code level}, in (0, 1); NaN for one trial. */
    public double halfWidth(double level) {
        return trials < 2 ? Double.NaN
                : standardError * new TDistribution(trials - 1).inverseCumulativeProbability((1 + level) / 2);
    }
}
