package org.diffusionclassifier.result;

import java.util.Locale;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * A share with its 95 % confidence interval (Wilson's score interval).
 *
 * @param right how many were right
 * @param of    of how many, at least 1
 * @param share right / of, from 0 to 1
 * @param low   lower end of the interval
 * @param high  upper end
 */
public record Proportion(int right, int of, double share, double low, double high) {

    private static final double CONFIDENCE = 0.95;

    public static Proportion of(int right, int of) {
        var interval = new WilsonScoreInterval().createInterval(of, right, CONFIDENCE);
        return new Proportion(right, of, (double) right / of,
                Math.max(interval.getLowerBound(), 0), Math.min(interval.getUpperBound(), 1)); // rounding
    }

    /** As {@code 21.0 % (14.2 to 30.0)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f %% (%.1f to %.1f)", 100 * share, 100 * low, 100 * high);
    }
}
