package org.diffusionclassifier.classify;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.rank.Median;

/**
 * Student's paired t-test of one look, for trials spread evenly over the timesteps. It promises δ at each look, not over
 * all of them: what repeated looks cost was measured on a recording (README, "Race").
 *
 * <p>Three things make it stronger than the plain test, none of which changes what is estimated:
 * <ul>
 * <li>Differences have a trend over t, which evenly spread trials average out; only what varies about it is error. So
 * the variance is taken from neighbours in t, half the mean square of successive differences (Wolter, 1984, "An
 * investigation of some estimators of variance for systematic sampling", JASA 79(388), estimator v₂).
 * <li>After three or four trials a variance is hardly known. Rivals of one best prompt vary alike, so each one's variance
 * is drawn towards their median as if that stood for {@link #BORROWED} more trials (Smyth, 2004, "Linear models and
 * empirical Bayes methods", SAGMB 3(1), with the median for its prior).
 * <li>The N trials are all there are: the mean of n of them misses that of all by √(1 − n/N) of what it would miss the
 * mean of infinitely many by.
 * </ul>
 *
 * <p>Tried on the recording and not kept: TRIED
 */
public final class PairedT implements Bound {

    /** Degrees of freedom that the rivals' median variance counts for. */
    private static final int BORROWED = 3;

    /** Successive differences overlap, which leaves their mean square about 3/4 of n − 1 degrees of freedom. */
    private static final double OVERLAP = 0.75;

    @Override
    public boolean[] surelyWorse(double[][] differences, int[] timesteps, int of, double delta) {
        int n = timesteps.length;
        var worse = new boolean[differences.length];
        if (n < 2) {
            return worse;
        }
        int[] byTimestep = IntStream.range(0, n).boxed().sorted(Comparator.comparingInt(i -> timesteps[i]))
                .mapToInt(Integer::intValue).toArray();
        double[] variances = Arrays.stream(differences).mapToDouble(d -> successive(d, byTimestep)).toArray();
        double pooled = new Median().evaluate(variances);
        double quantile = new TDistribution(OVERLAP * (n - 1 + BORROWED)).inverseCumulativeProbability(1 - delta);
        for (int i = 0; i < worse.length; i++) {
            double variance = (BORROWED * pooled + (n - 1) * variances[i]) / (BORROWED + n - 1);
            double error = Math.sqrt(variance / n * (1 - (double) n / of));
            double mean = Arrays.stream(differences[i]).sum() / n;
            worse[i] = mean > quantile * error;
        }
        return worse;
    }

    /** Half the mean square of the differences between neighbours. */
    private static double successive(double[] differences, int[] order) {
        double sum = 0;
        for (int i = 1; i < order.length; i++) {
            double step = differences[order[i]] - differences[order[i - 1]];
            sum += step * step;
        }
        return sum / (2 * (order.length - 1));
    }
}
