package org.diffusionclassifier.report;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.data.Prompt;
import org.diffusionclassifier.data.PromptSet;

/** A prediction by class: where each class's best prompt stands in the ranking of prompts. */
public final class ClassRanks {

    private ClassRanks() {
    }

    /** Ranks of each class's best prompt, the winning class's first. */
    public static List<Integer> of(Prediction prediction, PromptSet prompts) {
        Set<Integer> seen = new HashSet<>();
        List<Integer> ranks = new ArrayList<>();
        for (int rank = 0; rank < prediction.ranking().size(); rank++) {
            if (seen.add(prompt(prediction, prompts, rank).classIndex())) {
                ranks.add(rank);
            }
        }
        return ranks;
    }

    /** The prompt at a rank. */
    public static Prompt prompt(Prediction prediction, PromptSet prompts, int rank) {
        return prompts.prompts().get(prediction.ranking().get(rank).prompt());
    }
}
