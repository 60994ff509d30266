package org.diffusionclassifier.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.ChoiceSummary;
import org.diffusionclassifier.result.MatchingSummary.Scores;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.result.Scoring;

/** Matched captions and pictures for a person at a terminal: a matrix of errors, or scores of many examples. */
public final class MatchingText {

    private static final String ALL = "all";
    private static final int MOST_KINDS = 20;

    private MatchingText() {
    }

    /** How often the right caption was chosen: of all, and of each kind if there are not too many. */
    public static String choices(ChoiceSummary summary) {
        var text = new StringBuilder(String.format(Locale.ROOT, "%s right of %d; mean of the %d kinds %.1f %%%n",
                summary.correct(), summary.correct().of(), summary.kinds().size(), 100 * summary.meanOfKinds()));
        if (summary.kinds().size() <= MOST_KINDS) {
            summary.kinds().forEach(kind -> text.append(String.format(Locale.ROOT, "  %-12s %6d  %s%n", kind.name(),
                    kind.correct().of(), kind.correct())));
        }
        return text.toString();
    }

    /**
     * The captions by number, then one matrix a scoring, a line a picture: {@code *} marks the caption that fits a
     * picture best, {@code ^} the picture that fits a caption best, neither where several share the smallest score.
     *
     * @param errors of each picture with the same captions
     */
    public static String matrix(List<CaptionErrors> errors) {
        List<String> pictures = errors.stream().map(CaptionErrors::image).toList();
        List<String> captions = errors.get(0).captions();
        var text = new StringBuilder();
        for (int c = 0; c < captions.size(); c++) {
            text.append("%4d  %s%n".formatted(c + 1, captions.get(c)));
        }
        int width = pictures.stream().mapToInt(String::length).max().orElseThrow();
        for (Scoring scoring : Scoring.values()) {
            ScoreMatrix matrix = ScoreMatrix.of(errors, scoring);
            text.append("%n%s%n%s".formatted(scoring, " ".repeat(width + 2)));
            IntStream.rangeClosed(1, captions.size()).forEach(c -> text.append("%11d  ".formatted(c)));
            text.append(scoring == Scoring.RAW ? "    (empty)%n".formatted() : "%n".formatted());
            for (int p = 0; p < pictures.size(); p++) {
                text.append(("  %-" + width + "s").formatted(pictures.get(p)));
                for (int c = 0; c < captions.size(); c++) {
                    text.append(String.format(Locale.ROOT, " %10.6f%s%s", matrix.scores()[p][c],
                            matrix.isBestCaption(p, c) ? "*" : " ", matrix.isBestPicture(p, c) ? "^" : " "));
                }
                text.append(scoring == Scoring.RAW
                        ? String.format(Locale.ROOT, " %10.6f%n", errors.get(p).unconditional()) : "%n".formatted());
            }
        }
        text.append("%n  * the caption that fits a picture best, ^ the picture that fits a caption best".formatted());
        return text.toString().lines().map(String::stripTrailing).collect(Collectors.joining("\n", "", "\n"));
    }

    /** One line for all examples and one a tag, under each scoring; at the end what chance is. */
    public static String scores(MatchingSummary summary) {
        int width = summary.raw().stream().mapToInt(scores -> name(scores).length()).max().orElseThrow();
        width = Math.max(width, "chance".length());
        String line = "  %-" + width + "s  %5s  %-22s  %-22s  %s";
        var text = new StringBuilder();
        for (Scoring scoring : Scoring.values()) {
            text.append(scoring).append(":\n")
                    .append(line.formatted("", "", "text score", "image score", "group score")).append('\n');
            for (Scores scores : summary.scores(scoring)) {
                text.append(line.formatted(name(scores), scores.text().of(), scores.text(), scores.image(),
                        scores.group())).append('\n');
            }
            text.append(line.formatted("chance", "", "25 %", "25 %", "16.7 %")).append('\n');
        }
        return text.toString();
    }

    private static String name(Scores scores) {
        return scores.tag() == null ? ALL : scores.tag();
    }
}
