package org.diffusionclassifier.result;

import java.util.List;
import java.util.SortedMap;

/**
 * What a run of {@code evaluate} comes to; {@code summary.json} has these fields in this order.
 *
 * @param images        how many were classified
 * @param failed        how many could not be, and count nowhere else
 * @param correct       how many of them rightly
 * @param accuracy      their share, from 0 to 1
 * @param accuracyLow   lower end of its 95 % confidence interval, as {@link Proportion}'s
 * @param accuracyHigh  upper end
 * @param meanPerClassAccuracy mean over the classes of which there were images of the share classified rightly
 * @param pairsPerImage mean number of (prompt, trial) pairs evaluated for an image
 * @param ties          how many images were left undecided, their best prompt counting as the prediction
 * @param calibration   how often predictions are right that claim a probability
 * @param confusion     the images by class and predicted class
 * @param settings      what the results depend on, by name
 */
public record Summary(int images, int failed, int correct, double accuracy, double accuracyLow, double accuracyHigh,
        double meanPerClassAccuracy, double pairsPerImage, int ties, Reliability calibration, ConfusionMatrix confusion,
        SortedMap<String, String> settings) {

    /**
     * @param outcomes   at least one
     * @param failed     how many images have none
     * @param classNames the names by class index
     */
    public static Summary of(List<Outcome> outcomes, int failed, SortedMap<Integer, String> classNames,
            SortedMap<String, String> settings) {
        if (outcomes.isEmpty()) {
            throw new IllegalArgumentException("no image was classified");
        }
        int images = outcomes.size();
        int correct = (int) outcomes.stream().filter(Outcome::correct).count();
        var accuracy = Proportion.of(correct, images);
        var confusion = ConfusionMatrix.of(outcomes, classNames);
        return new Summary(images, failed, correct, accuracy.share(), accuracy.low(), accuracy.high(),
                confusion.meanPerClassAccuracy(),
                outcomes.stream().mapToLong(Outcome::pairs).average().orElseThrow(),
                (int) outcomes.stream().filter(Outcome::tie).count(), Reliability.of(outcomes),
                confusion, settings);
    }
}
