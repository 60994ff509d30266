package org.diffusionclassifier;

import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.ClassifiedImage;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/** What a classifier decided about one image. Immutable. */
public final class Classification {

    private final ClassifiedImage described;
    private final Prediction prediction;
    private final Posterior posterior;
    private final PromptSet prompts;
    private final List<String> notices;

    Classification(String image, Prediction prediction, Posterior posterior, PromptSet prompts, List<String> notices) {
        this.described = ClassifiedImage.of(image, prediction, posterior, prompts);
        this.prediction = prediction;
        this.posterior = posterior;
        this.prompts = prompts;
        this.notices = List.copyOf(notices);
    }

    /**
     * The class predicted.
     *
     * @param name        of the class
     * @param probability in [0, 1], as {@link Posterior} has it
     * @param margin      how far the next class's mean error is above its own, from the trials of both; NaN if there is
     *                    no other class, or none that was evaluated
     * @param pairs       (prompt, trial) pairs evaluated for the decision
     */
    public record Best(String name, double probability, double margin, long pairs) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s, probability %.3f, %.6f ahead, %d pairs", name, probability, margin,
                    pairs);
        }
    }

    public Best best() {
        List<Integer> classes = prompts.classRanks(prediction);
        return new Best(described.className(), described.ranking().get(0).probability(),
                classes.size() < 2 ? Double.NaN : prediction.margin(classes.get(1)), pairs());
    }

    /** Every prompt with its errors, the best first. */
    public List<ClassifiedImage.Ranked> ranking() {
        return described.ranking();
    }

    /** Whether the strategy ended without a decision, so that the smallest mean error decided. */
    public boolean isTie() {
        return described.tie();
    }

    /** (prompt, trial) pairs evaluated. */
    public long pairs() {
        return described.pairs();
    }

    /** Index of the class predicted, as the prompts count classes. */
    public int classIndex() {
        return described.classidx();
    }

    /** What JSON has of it. */
    public ClassifiedImage described() {
        return described;
    }

    /** The same as strategies have it, for reports. */
    public Prediction prediction() {
        return prediction;
    }

    /** What turned its errors into probabilities. */
    public Posterior posterior() {
        return posterior;
    }

    /** What its user should know that came up with this image, a line each; said by the first image concerned. */
    public List<String> notices() {
        return notices;
    }

    /** {@link #best}, in words. */
    @Override
    public String toString() {
        return best().toString();
    }
}
