package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.report.ScoreMatrix;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.ChoiceSummary;
import org.diffusionclassifier.result.MatchedExample;
import org.diffusionclassifier.result.MatchingSummary.Scores;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.result.Scoring;

/**
 * The page of matching: a matrix of pictures and captions, or scores of many examples, and these. Pictures are added one
 * by one, so that each has to be in memory for a moment only.
 */
public final class MatchPage {

    /** So that thousands of examples do not make a page that no browser opens. */
    private static final int MOST_SHOWN = 400;

    private final List<Html> added = new ArrayList<>();

    /** Adds a picture of the matrix. */
    public void add(RgbImage picture, CaptionErrors errors) {
        added.add(Html.of("<div class=\"thumbnail\">%s%s</div>", Picture.of(picture, errors.image(), Picture.SMALL),
                errors.image()));
    }

    /**
     * The page of a matrix.
     *
     * @param errors   of each picture that was added, in the same order, with the same captions
     * @param settings what the results depend on, by name
     */
    public Page matrix(List<CaptionErrors> errors, SortedMap<String, String> settings) {
        List<String> captions = errors.get(0).captions();
        var page = new Page("Pictures and captions");
        page.section("Captions", Html.of("<ol>%n%s%n</ol>",
                Html.join(captions.stream().map(caption -> Html.of("<li>%s</li>", caption)).toList())));
        for (Scoring scoring : Scoring.values()) {
            ScoreMatrix matrix = ScoreMatrix.of(errors, scoring);
            var headings = new ArrayList<Object>(List.of(""));
            IntStream.rangeClosed(1, captions.size()).forEach(headings::add);
            var table = new Table(headings.toArray());
            for (int p = 0; p < errors.size(); p++) {
                var cells = new ArrayList<Object>();
                cells.add(added.get(p));
                for (int c = 0; c < captions.size(); c++) {
                    boolean best = matrix.isBestCaption(p, c);
                    String marks = (best ? "\u00a0◀" : "") + (matrix.isBestPicture(p, c) ? "\u00a0▲" : "");
                    cells.add(new Table.Cell(String.format(Locale.ROOT, "%.6f", matrix.scores()[p][c]) + marks,
                            best ? "best" : "", 0));
                }
                table.row(cells);
            }
            page.section(capitalised(scoring), table.render(),
                    Html.of("<p class=\"note\">◀ the caption that fits a picture best, ▲ the picture that fits a caption "
                            + "best. %s</p>", scoring == Scoring.RAW
                            ? "A picture’s error says first how difficult the picture is: compare along the rows."
                            : "The error less the same picture’s, conditioned on the empty caption: pictures can be compared, too."));
        }
        return page.settings(settings);
    }

    /** Adds an example with its two pictures; those beyond the first 400 are not shown. */
    public void add(List<RgbImage> pictures, MatchedExample example) {
        if (added.size() < MOST_SHOWN) {
            added.add(example(pictures, example));
        }
    }

    /** The page of the examples that were added. */
    public Page examples(MatchingSummary summary) {
        var page = new Page("Matching captions and pictures");
        for (Scoring scoring : Scoring.values()) {
            var table = new Table("examples", "", "text score", "image score", "group score");
            for (Scores scores : summary.scores(scoring)) {
                table.row(scores.tag() == null ? "all" : scores.tag(), scores.text().of(), scores.text(), scores.image(),
                        scores.group());
            }
            page.section(capitalised(scoring), table.row("chance", "", "25 %", "25 %", "16.7 %").render());
        }
        int all = summary.examples().size();
        page.section(added.size() == all ? "Examples" : "The first " + added.size() + " of " + all + " examples",
                Html.of("<p class=\"note\">Under each picture: its error with its own caption less that with the other "
                        + "one, below 0 where it was matched rightly.</p>"),
                Html.of("<div class=\"figures\">%n%s%n</div>", Html.join(added)));
        return page.failures(summary.failed()).settings(summary.settings());
    }

    /** The page of choices between two captions: how many of each kind were right. */
    public static Page choices(ChoiceSummary summary) {
        var table = new Table("kind", "pictures", "right");
        summary.kinds().forEach(kind -> table.row(kind.name(), kind.correct().of(), kind.correct()));
        return new Page("Choosing captions")
                .section("Right captions", table.row("all", summary.correct().of(), summary.correct()).render())
                .failures(summary.failed()).settings(summary.settings());
    }

    private static Html example(List<RgbImage> shown, MatchedExample matched) {
        var pictures = new ArrayList<Html>();
        for (int i = 0; i < 2; i++) {
            double[] errors = matched.errors().get(i);
            pictures.add(Html.of("<figure>%s<p>%s</p><p class=\"note %s\">%+.6f</p></figure>",
                    Picture.of(shown.get(i), matched.captions().get(i), Picture.SMALL),
                    matched.captions().get(i), errors[i] < errors[1 - i] ? "right" : "wrong", errors[i] - errors[1 - i]));
        }
        return Html.of("<div><div class=\"thumbnails\">%s</div><p class=\"note\">%s%s: %s; %s: %s</p></div>",
                Html.join(pictures), matched.tag() == null ? Html.NOTHING : Html.of("%s; ", matched.tag()), Scoring.RAW,
                verdict(matched.verdict(Scoring.RAW)), Scoring.LESS_UNCONDITIONAL,
                verdict(matched.verdict(Scoring.LESS_UNCONDITIONAL)));
    }

    private static Html verdict(MatchedExample.Verdict verdict) {
        return Html.join(Verdict.of("text", verdict.text()), Verdict.of("image", verdict.image()),
                Verdict.of("group", verdict.group()));
    }

    private static String capitalised(Scoring scoring) {
        String text = scoring.toString();
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
