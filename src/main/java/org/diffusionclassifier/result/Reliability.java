package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether predictions are right as often as they claim to be: images binned by the probability of their prediction
 * (Guo et al., 2017, arXiv 1706.04599, section 2).
 *
 * @param bins  of equal width over [0, 1], those with images only, ascending
 * @param error the expected calibration error: |right − claimed| of the bins' shares, weighted by their images
 */
public record Reliability(List<Bin> bins, double error) {

    /** As many as the cited paper has. */
    private static final int BINS = 15;

    /**
     * @param low     lower end
     * @param high    upper end
     * @param images  how many
     * @param claimed mean probability of their predictions
     * @param right   the share of them that is right
     */
    public record Bin(double low, double high, int images, double claimed, double right) {
    }

    public Reliability {
        bins = List.copyOf(bins);
    }

    /** @param outcomes at least one */
    public static Reliability of(List<Outcome> outcomes) {
        var images = new int[BINS];
        var claimed = new double[BINS];
        var right = new double[BINS];
        for (Outcome outcome : outcomes) {
            int bin = Math.min(BINS - 1, (int) (outcome.probability() * BINS));
            images[bin]++;
            claimed[bin] += outcome.probability();
            right[bin] += outcome.correct() ? 1 : 0;
        }
        var bins = new ArrayList<Bin>();
        double error = 0;
        for (int i = 0; i < BINS; i++) {
            if (images[i] > 0) {
                bins.add(new Bin((double) i / BINS, (i + 1.0) / BINS, images[i], claimed[i] / images[i],
                        right[i] / images[i]));
                error += Math.abs(right[i] - claimed[i]) / outcomes.size();
            }
        }
        return new Reliability(bins, error);
    }
}
