package org.diffusionclassifier.report;

import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.Margin;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/**
 * A prediction for a person at a terminal: the classes, each by its best prompt, with mean error, margin to the winner,
 * probability, trials, and a bar that is full for the winner and empty for the class farthest from it.
 */
public final class RankingText {

    private static final int BAR = 24;
    private static final double LEVEL = 0.95;
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
        List<Integer> ranks = prompts.classRanks(prediction);
        if (ranks.size() < 2) {
            return "";
        }
        String next = prompt(prediction, ranks.get(1)).className();
        if (prediction.isTie()) {
            return "a tie with " + next;
        }
        Margin margin = prediction.paired(ranks.get(1));
        return String.format(Locale.ROOT, "%.6f ahead of %s", margin.mean(), next)
                + (!margin.hasError() ? "" : String.format(Locale.ROOT, ", %s %% sure", percent(margin.confidence())));
    }

    /**
     * One line a class, the best first, each ending in a newline: mean error, how far that is above the winner's with a
     * 95 % interval, and the class's probability.
     */
    public String render(Prediction prediction, Posterior posterior) {
        List<Integer> ranks = prompts.classRanks(prediction);
        double[] probabilities = posterior.of(prediction, ranks);
        List<Integer> shown = ranks.subList(0, Math.min(most, ranks.size()));
        int width = shown.stream().mapToInt(rank -> prompt(prediction, rank).className().length()).max().orElseThrow();
        double farthest = ranks.stream().mapToDouble(prediction::margin).filter(margin -> !Double.isNaN(margin)).max()
                .orElseThrow();
        var text = new StringBuilder();
        for (int i = 0; i < shown.size(); i++) {
            int rank = shown.get(i);
            var errors = prediction.ranking().get(rank);
            if (errors.errors().length == 0) {
                text.append(String.format("%4d  %-" + width + "s  not evaluated, dropped with its group\n", i + 1,
                        prompt(prediction, rank).className()));
                continue;
            }
            double closeness = farthest <= 0 ? 1 : 1 - prediction.margin(rank) / farthest;
            text.append(String.format(Locale.ROOT, "%4d  %-" + width + "s  %.6f  %20s  %6s %%  %4d trials  %s", i + 1,
                    prompt(prediction, rank).className(), errors.mean(), rank == 0 ? "" : margin(prediction.paired(rank)),
                    percent(probabilities[i]), errors.errors().length, bar(closeness)).stripTrailing()).append('\n');
        }
        if (shown.size() < ranks.size()) {
            text.append("      and ").append(ranks.size() - shown.size()).append(" more\n");
        }
        return text.toString();
    }

    private static String margin(Margin margin) {
        String mean = String.format(Locale.ROOT, "%+.6f", margin.mean());
        return !margin.hasError() ? mean : mean + String.format(Locale.ROOT, " ± %.6f", margin.halfWidth(LEVEL));
    }

    /** A share in per cent, without the sign. Never 100 or 0, because no probability is that sure. */
    public static String percent(double share) {
        return share > 0.9994 ? "> 99.9" : share < 0.0006 ? "< 0.1" : String.format(Locale.ROOT, "%.1f", 100 * share);
    }

    private Prompt prompt(Prediction prediction, int rank) {
        return prompts.prompts().get(prediction.ranking().get(rank).prompt());
    }

    private static String bar(double share) {
        int eighths = (int) Math.round(8 * BAR * Math.max(0, Math.min(1, share)));
        return "█".repeat(eighths / 8) + EIGHTHS.charAt(eighths % 8);
    }
}
