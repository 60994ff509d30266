package org.diffusionclassifier.report.html;

import org.diffusionclassifier.strategy.Margin;

/**
 * A difference of errors with its 95 % confidence interval.
 *
 * @param half half the interval's width; NaN for a single trial
 */
record Difference(double mean, double half) {

    private static final double LEVEL = 0.95;

    static Difference of(Margin margin) {
        return new Difference(margin.mean(), margin.halfWidth(LEVEL));
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
