package org.diffusionclassifier;

import java.util.Random;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;

/**
 * What an evaluation would take, before it runs. A pair of a prompt and a trial is one evaluation of the network.
 *
 * @param images         how many
 * @param pairsPerImage  at the most
 * @param atMost         whether an image may take fewer, as a race's do
 * @param pairsPerSecond of one device, above 0
 * @param devices        how many work at once, at least 1
 */
public record EvaluationPlan(int images, long pairsPerImage, boolean atMost, double pairsPerSecond, int devices) {

    /** Seconds that a measurement's last round takes at the least: it outweighs what a round costs by itself. */
    private static final double LONG_ENOUGH = 5;

    /** Prompts that are measured with: an image of a thousand prompts would take a processor an hour. */
    private static final int FEW = 4;

    /** @throws InputException for no speed or no device */
    public EvaluationPlan {
        if (!(pairsPerSecond > 0)) {
            throw InputException.of("%s: expected a number above 0, found %s", InputException.field("pairsPerSecond"),
                    pairsPerSecond);
        }
        if (devices < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field("plannedDevices"),
                    devices);
        }
    }

    /**
     * Of a run as it is asked for.
     *
     * @param trials         the classifier's
     * @throws InputException as {@link Evaluation#check}
     */
    public static EvaluationPlan of(Evaluation evaluation, Classifier classifier, TrialSpec trials,
            double pairsPerSecond, int devices) {
        evaluation.check(classifier);
        StrategySpec strategy = classifier.strategy();
        return new EvaluationPlan(evaluation.range().indices(evaluation.dataset()).length,
                strategy.mostPairs(trials.drawnFrom(classifier.timesteps()), trials.nTrials(),
                        classifier.prompts().prompts().size()),
                strategy instanceof Race, pairsPerSecond, devices);
    }

    /**
     * Measures the pairs that one device of a model evaluates in a second: on noise for an image, with a few of the
     * prompts, at twice as many timesteps from round to round until one takes long enough.
     */
    public static double measure(DiffusionModel model, PromptSet prompts) {
        var few = new PromptSet(prompts.prompts().subList(0, Math.min(FEW, prompts.prompts().size())));
        var pixels = new byte[3 * 64 * 64];
        new Random(0).nextBytes(pixels);
        var image = new RgbImage(64, 64, pixels);
        for (int timesteps = 1; ; timesteps *= 2) {
            try (var classifier = model.classifier(few).strategy(Staged.exhaustive(timesteps)).load()) {
                long start = System.nanoTime();
                long pairs = classifier.classify(0, "", image).pairs();
                double seconds = (System.nanoTime() - start) * 1e-9;
                if (seconds >= LONG_ENOUGH || 2 * timesteps > classifier.timesteps()) {
                    return pairs / seconds;
                }
            }
        }
    }

    /** Pairs of all images, at the most. */
    public long pairs() {
        return images * pairsPerImage;
    }

    /** Of all devices together. */
    public double deviceHours() {
        return pairs() / pairsPerSecond / 3600;
    }

    /** From start to end, all devices being busy. */
    public double hours() {
        return deviceHours() / devices;
    }

    /** @param pricePerHour of one device, in whatever currency */
    public double cost(double pricePerHour) {
        return deviceHours() * pricePerHour;
    }
}
