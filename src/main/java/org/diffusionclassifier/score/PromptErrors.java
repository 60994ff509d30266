package org.diffusionclassifier.score;

import java.util.List;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * Every ε-error evaluated for one prompt on one image, in the order of evaluation.
 *
 * @param prompt    index of the prompt in its prompt set
 * @param evaluated index of the prompt that was evaluated: itself, or one that is the same to the model
 * @param trials    the trials evaluated; of two prompts, one's trials are always a prefix of the other's
 * @param errors    the error of each trial, mean over the latent's elements
 */
public record PromptErrors(int prompt, int evaluated, List<Trial> trials, float[] errors) {

    /** Of a prompt that was evaluated itself. */
    public PromptErrors(int prompt, List<Trial> trials, float[] errors) {
        this(prompt, prompt, trials, errors);
    }

    /** (prompt, trial) pairs that were evaluated for it alone: none where another prompt's errors are its own. */
    public int pairs() {
        return evaluated == prompt ? errors.length : 0;
    }

    /** Mean error over everything evaluated for this prompt, summed in evaluation order in double; NaN for nothing. */
    public double mean() {
        return mean(errors.length);
    }

    /** Mean error over the first {@code n} trials. */
    public double mean(int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += errors[i];
        }
        return sum / n;
    }

    /** Standard error of {@link #mean()} over trials; NaN for fewer than two. */
    public double standardError() {
        var statistics = new SummaryStatistics();
        for (float error : errors) {
            statistics.addValue(error);
        }
        return errors.length < 2 ? Double.NaN : statistics.getStandardDeviation() / Math.sqrt(errors.length);
    }
}
