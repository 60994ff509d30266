package org.diffusionclassifier.report.html;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.report.ScoreMatrix;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.MatchedExample;
import org.diffusionclassifier.result.MatchingSummary.Scores;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.result.PairingVerdict;
import org.diffusionclassifier.result.Scoring;

/** The page of {@code match --report}: a matrix of pictures and captions, or scores of many examples, and these. */
public final class MatchPage {

    /** So that thousands of examples do not make a page that no browser opens. */
    private static final int MOST_SHOWN = 400;

    private MatchPage() {
    }

    /**
     * Every picture told every caption.
     *
     * @param pictures their files
     * @param errors   one for each
     * @param settings what the results depend on, by name
     */
    public static Page matrix(List<Path> pictures, List<String> captions, List<CaptionErrors> errors,
                              SortedMap<String, String> settings) {
        var page = new Page("Pictures and captions");
        page.section("Captions", Html.of("<ol>%n%s%n</ol>",
                Html.join(captions.stream().map(caption -> Html.of("<li>%s</li>", caption)).toList())));
        for (Scoring scoring : Scoring.values()) {
            ScoreMatrix matrix = ScoreMatrix.of(errors, scoring);
            var headings = new ArrayList<Object>(List.of(""));
            IntStream.rangeClosed(1, captions.size()).forEach(headings::add);
            var table = new Table(headings.toArray());
            for (int p = 0; p < pictures.size(); p++) {
                var cells = new ArrayList<Object>();
                cells.add(Html.of("<div class=\"thumbnail\">%s%s</div>",
                        Picture.of(ImageDecoder.read(pictures.get(p)), pictures.get(p).toString(), Picture.SMALL),
                        pictures.get(p)));
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
                            : "The error less the same picture’s when told nothing: pictures can be compared, too."));
        }
        return page.settings(settings);
    }

    /** @param asked the examples of {@code summary}, in the same order */
    public static Page examples(List<MatchingExample> asked, MatchingSummary summary) {
        var page = new Page("Matching captions and pictures");
        for (Scoring scoring : Scoring.values()) {
            var table = new Table("examples", "", "text score", "image score", "group score");
            for (Scores scores : summary.scores(scoring)) {
                table.row(scores.tag() == null ? "all" : scores.tag(), scores.text().of(), scores.text(), scores.image(),
                        scores.group());
            }
            page.section(capitalised(scoring), table.row("chance", "", "25 %", "25 %", "16.7 %").render());
        }
        int shown = Math.min(asked.size(), MOST_SHOWN);
        var examples = new ArrayList<Html>();
        for (int i = 0; i < shown; i++) {
            examples.add(example(asked.get(i), summary.examples().get(i)));
        }
        page.section(shown == asked.size() ? "Examples" : "The first " + shown + " of " + asked.size() + " examples",
                Html.of("<p class=\"note\">Under each picture: its error with its own caption less that with the other "
                        + "one, below 0 where it was matched rightly.</p>"),
                Html.of("<div class=\"figures\">%n%s%n</div>", Html.join(examples)));
        return page.settings(summary.settings());
    }

    private static Html example(MatchingExample asked, MatchedExample matched) {
        var pictures = new ArrayList<Html>();
        for (int i = 0; i < 2; i++) {
            double[] errors = matched.errors().get(i);
            pictures.add(Html.of("<figure>%s<p>%s</p><p class=\"note %s\">%+.6f</p></figure>",
                    Picture.of(ImageDecoder.read(asked.images().get(i)), matched.captions().get(i), Picture.SMALL),
                    matched.captions().get(i), errors[i] < errors[1 - i] ? "right" : "wrong", errors[i] - errors[1 - i]));
        }
        return Html.of("<div><div class=\"thumbnails\">%s</div><p class=\"note\">%s%s: %s; %s: %s</p></div>",
                Html.join(pictures), matched.tag() == null ? Html.NOTHING : Html.of("%s; ", matched.tag()), Scoring.RAW,
                verdict(matched.verdict(Scoring.RAW)), Scoring.LESS_UNCONDITIONAL,
                verdict(matched.verdict(Scoring.LESS_UNCONDITIONAL)));
    }

    private static Html verdict(PairingVerdict verdict) {
        return Html.join(Verdict.of("text", verdict.text()), Verdict.of("image", verdict.image()),
                Verdict.of("group", verdict.group()));
    }

    private static String capitalised(Scoring scoring) {
        String text = scoring.toString();
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
