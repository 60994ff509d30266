package org.diffusionclassifier.report;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.data.Prompt;
import org.diffusionclassifier.data.PromptSet;

/**
 * A prediction for a person at a terminal: the classes, each by its best prompt, with mean error, trials, margin to
 * the winner, and a bar that is full for the winner and empty for the class farthest from it.
 */
public final class RankingText {

    private static final int BAR = 24;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private final PromptSet prompts;
    private final int most;

    /** @param most classes to show, at least 1 */
    public RankingText(PromptSet prompts, int most) {
        this.prompts = prompts;
        this.most = most;
    }

    /** The class predicted. */
    public String winner(Prediction prediction) {
        return prompt(prediction, 0).className();
    }

    /** How far ahead the winner is of the next class, in a few words; nothing if it is the only one. */
    public String lead(Prediction prediction) {
        List<Integer> ranks = classRanks(prediction);
        return ranks.size() < 2 ? "" : String.format(Locale.ROOT, "%.6f ahead of %s", prediction.margin(ranks.get(1)),
                prompt(prediction, ranks.get(1)).className());
    }

    /** One line a class, the best first, each ending in a newline. */
    public String render(Prediction prediction) {
        List<Integer> ranks = classRanks(prediction);
        List<Integer> shown = ranks.subList(0, Math.min(most, ranks.size()));
        int width = shown.stream().mapToInt(rank -> prompt(prediction, rank).className().length()).max().orElseThrow();
        double farthest = ranks.stream().mapToDouble(prediction::margin).max().orElseThrow();
        var text = new StringBuilder();
        for (int i = 0; i < shown.size(); i++) {
            int rank = shown.get(i);
            var errors = prediction.ranking().get(rank);
            double closeness = farthest <= 0 ? 1 : 1 - prediction.margin(rank) / farthest;
            String margin = rank == 0 ? "" : String.format(Locale.ROOT, "%+.6f", prediction.margin(rank));
            text.append(String.format(Locale.ROOT, "%4d  %-" + width + "s  %.6f  %9s  %5d trials  %s", i + 1,
                    prompt(prediction, rank).className(), errors.mean(), margin, errors.errors().length,
                    bar(closeness)).stripTrailing()).append('\n');
        }
        if (shown.size() < ranks.size()) {
            text.append("      and ").append(ranks.size() - shown.size()).append(" more\n");
        }
        return text.toString();
    }

    /** Ranks of each class's best prompt. */
    private List<Integer> classRanks(Prediction prediction) {
        Set<Integer> seen = new HashSet<>();
        List<Integer> ranks = new ArrayList<>();
        for (int rank = 0; rank < prediction.ranking().size(); rank++) {
            if (seen.add(prompt(prediction, rank).classIndex())) {
                ranks.add(rank);
            }
        }
        return ranks;
    }

    private Prompt prompt(Prediction prediction, int rank) {
        return prompts.prompts().get(prediction.ranking().get(rank).prompt());
    }

    private static String bar(double share) {
        int eighths = (int) Math.round(8 * BAR * Math.max(0, Math.min(1, share)));
        return "█".repeat(eighths / 8) + EIGHTHS.charAt(eighths % 8);
    }
}
