package org.diffusionclassifier.data;

import java.util.List;
import java.util.SortedMap;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;

/**
 * What a run of {@code evaluate} comes to; {@code summary.json} has these fields in this order.
 *
 * @param images        how many were classified
 * @param correct       how many of them rightly
 * @param accuracy      their share, from 0 to 1
 * @param accuracyLow   lower end of its 95 % confidence interval (Wilson's score interval)
 * @param accuracyHigh  upper end
 * @param pairsPerImage mean number of (prompt, trial) pairs evaluated for an image
 * @param confusion     the images by class and predicted class
 * @param settings      what the results depend on, by name
 */
public record Summary(int images, int correct, double accuracy, double accuracyLow, double accuracyHigh,
        double pairsPerImage, ConfusionMatrix confusion, SortedMap<String, String> settings) {

    private static final double CONFIDENCE = 0.95;

    /**
     * @param outcomes   at least one
     * @param classNames the names by class index
     */
    public static Summary of(List<Outcome> outcomes, SortedMap<Integer, String> classNames,
            SortedMap<String, String> settings) {
        if (outcomes.isEmpty()) {
            throw new IllegalArgumentException("no image was classified");
        }
        int images = outcomes.size();
        int correct = (int) outcomes.stream().filter(Outcome::correct).count();
        var interval = new WilsonScoreInterval().createInterval(images, correct, CONFIDENCE);
        return new Summary(images, correct, (double) correct / images,
                Math.max(interval.getLowerBound(), 0), Math.min(interval.getUpperBound(), 1), // rounding
                outcomes.stream().mapToLong(Outcome::pairs).average().orElseThrow(),
                ConfusionMatrix.of(outcomes, classNames), settings);
    }
}
