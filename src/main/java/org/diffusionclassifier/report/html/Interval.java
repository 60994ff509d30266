package org.diffusionclassifier.report.html;

import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.StatUtils;

/**
 * A mean with its 95 % confidence interval (Student's t).
 *
 * @param half half the interval's width; NaN for the mean of a single value
 */
record Interval(double mean, double half) {

    private static final double CONFIDENCE = 0.95;

    /** @param values at least one */
    static Interval ofMean(double[] values) {
        double mean = StatUtils.mean(values);
        if (values.length < 2) {
            return new Interval(mean, Double.NaN);
        }
        double t = new TDistribution(values.length - 1).inverseCumulativeProbability(0.5 + CONFIDENCE / 2);
        return new Interval(mean, t * Math.sqrt(StatUtils.variance(values, mean) / values.length));
    }

    boolean isKnown() {
        return !Double.isNaN(half);
    }

    double low() {
        return isKnown() ? mean - half : mean;
    }

    double high() {
        return isKnown() ? mean + half : mean;
    }
}
