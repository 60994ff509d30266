package org.diffusionclassifier.score;

import java.io.Serializable;
import java.util.List;

/**
 * The pairs to evaluate next: every one of some prompts with every one of some trials.
 *
 * @param trials  may be empty, when a stage brings nothing new
 * @param prompts indices of the prompts still alive, ascending
 */
public record Round(List<Trial> trials, List<Integer> prompts) implements Serializable {

    public Round {
        trials = List.copyOf(trials);
        prompts = List.copyOf(prompts);
    }

    /** How many there are. */
    public int pairs() {
        return trials.size() * prompts.size();
    }
}
