package org.diffusionclassifier.result;

import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The mean over the classes of the share of their images that was classified rightly, with a 95 % confidence interval.
 *
 * <p>With k_c of n_c images of each of C classes right, the mean's variance is Σ p_c (1 − p_c) / n_c / C². For p_c
 * there stands (k_c + 1) / (n_c + 2) in it: a class of few images that are all right, or all wrong, is not thereby certain.
 *
 * @param share from 0 to 1
 * @param low   lower end of the interval
 * @param high  upper end
 */
public record ClassMean(double share, double low, double high) {

    /** Of the normal distribution, two-sided. */
    private static final double QUANTILE = 1.959964;

    /** Of the classes that have images. */
    public static ClassMean of(ConfusionMatrix confusion) {
        int[][] counts = confusion.counts();
        double variance = 0;
        int classes = 0;
        for (int row = 0; row < counts.length; row++) {
            int images = IntStream.of(counts[row]).sum();
            if (images > 0) {
                double right = (counts[row][row] + 1.0) / (images + 2);
                variance += right * (1 - right) / images;
                classes++;
            }
        }
        double share = confusion.meanPerClassAccuracy();
        double half = QUANTILE * Math.sqrt(variance) / classes;
        return new ClassMean(share, Math.max(0, share - half), Math.min(1, share + half));
    }

    /** As {@code 21.0 % (14.2 to 30.0)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f %% (%.1f to %.1f)", 100 * share, 100 * low, 100 * high);
    }
}
