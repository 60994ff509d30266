package org.diffusionclassifier.strategy;

import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.score.PromptErrors;

/**
 * What a strategy decided about one image.
 *
 * @param ranking   every prompt, the best first: the longest surviving first, among those dropped together the one with
 *                  the smaller mean error. The first one's class is the prediction.
 * @param surviving how many of them were never dropped, at least 1; more than one is a tie, which the mean errors
 *                  decide, and the order of the prompts where these are equal
 * @param estimate  what the strategy took mean errors to be
 */
public record Prediction(List<PromptErrors> ranking, int surviving, MeanEstimate estimate) {

    /** Of a strategy that compares the means of what was seen. */
    public Prediction(List<PromptErrors> ranking, int surviving) {
        this(ranking, surviving, MeanEstimate.OF_THOSE_SEEN);
    }

    /** The winning prompt. */
    public PromptErrors winner() {
        return ranking.get(0);
    }

    /** How many (prompt, trial) pairs were evaluated. */
    public long pairs() {
        return ranking.stream().mapToLong(PromptErrors::pairs).sum();
    }

    /**
     * Mean error of the prompt at {@code rank} less the winner's, as it is estimated from the trials that both have seen,
     * since means over different timesteps cannot be compared; NaN if there are none. Under {@link StagedElimination} never below 0.
     */
    public double margin(int rank) {
        PromptErrors other = ranking.get(rank);
        int shared = Math.min(other.errors().length, winner().errors().length);
        return estimate.of(other, shared) - estimate.of(winner(), shared);
    }

    /**
     * Ranks of each class's best prompt, the best class first.
     *
     * @param classes of each prompt
     */
    public List<Integer> classRanks(List<Integer> classes) {
        var seen = new HashSet<Integer>();
        return IntStream.range(0, ranking.size()).filter(rank -> seen.add(classes.get(ranking.get(rank).prompt())))
                .boxed().toList();
    }

    /** {@link #margin} with what is known of its certainty. */
    public Margin paired(int rank) {
        return estimate.margin(ranking.get(rank), winner());
    }

    /** Whether more than one prompt was left when no more trials were allowed. */
    public boolean isTie() {
        return surviving > 1;
    }
}
