package org.diffusionclassifier.strategy;

import java.util.Arrays;
import org.apache.commons.math3.util.FastMath;

/**
 * A t-test that may be looked at after every trial. For n differences with t-statistic T and ν = n − 1,
 *
 * <pre>
 *     B = (1 + n)^−½ · ((1 + T²/ν) / (1 + T²/(ν (1 + n))))^(n/2)
 * </pre>
 *
 * is the ratio of two likelihoods of the differences' ratios to one another: mean/σ drawn from a standard normal, over
 * mean 0, σ unknown in both (Lai, 1976, Annals of Statistics 4(2); Wang and Ramdas, 2024, "Anytime-valid t-tests and
 * confidence sequences for Gaussian means with unknown variance", arXiv 2310.03722). For normal differences of mean 0 it
 * is a martingale that starts at 1, so that it ever reaches 1/δ with probability δ at most (Ville), however often one
 * looks; the more so for a mean below zero, since only T > 0 counts here.
 *
 * <p>That the N trials are drawn without replacement is not used: it makes the mean of n vary less than assumed.
 */
public final class AnytimeT implements Bound {

    @Override
    public boolean[] surelyWorse(Look look, double delta) {
        var worse = new boolean[look.differences().length];
        for (int i = 0; i < worse.length; i++) {
            double handicap = look.handicaps()[i];
            double[] shifted = Arrays.stream(look.differences()[i]).map(difference -> difference + handicap).toArray();
            worse[i] = logRatio(shifted) >= -FastMath.log(look.each(delta));
        }
        return worse;
    }

    /** ln B, or −∞ where T is not above 0 or n below 2. */
    static double logRatio(double[] differences) {
        int n = differences.length;
        double sum = 0;
        for (double difference : differences) {
            sum += difference;
        }
        double mean = sum / n;
        double squares = 0;
        for (double difference : differences) {
            squares += (difference - mean) * (difference - mean);
        }
        if (n < 2 || !(mean > 0)) {
            return Double.NEGATIVE_INFINITY;
        }
        double ratio = n * mean * mean / squares;       // T²/ν, infinite for equal differences
        double gained = Double.isInfinite(ratio) ? FastMath.log1p(n)
                : FastMath.log1p(ratio) - FastMath.log1p(ratio / (1 + n));
        return n * gained / 2 - FastMath.log1p(n) / 2;
    }
}
