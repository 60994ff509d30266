package org.diffusionclassifier.strategy;

import org.diffusionclassifier.score.PromptErrors;

/** What a prompt's mean error over all trials is taken to be, from those that it has seen. */
public interface MeanEstimate {

    /** The mean of the trials seen, and of two prompts, Student's t for their difference. */
    MeanEstimate OF_THOSE_SEEN = new MeanEstimate() {

        @Override
        public double of(PromptErrors errors, int n) {
            return errors.mean(n);
        }

        @Override
        public Margin margin(PromptErrors other, PromptErrors best) {
            return Margin.between(other, best);
        }
    };

    /** From the first {@code n} trials of a prompt: a number to compare prompts by that have seen the same. */
    double of(PromptErrors errors, int n);

    /** How far {@code other}'s mean error is above {@code best}'s, from the trials that both have seen. */
    Margin margin(PromptErrors other, PromptErrors best);
}
