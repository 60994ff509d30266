package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.diffusionclassifier.result.BoxErrors;
import org.diffusionclassifier.result.ReferredExample.Choice;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.result.ReferringSummary.Accuracy;
import org.diffusionclassifier.result.ReferringSummary;
import org.diffusionclassifier.result.Scoring;

/**
 * The page of referring expressions: a picture's boxes and what they score, or accuracy over examples, and these. Examples
 * are added one by one, so that each picture has to be in memory for a moment only.
 */
public final class ReferPage {

    /** So that thousands of examples do not make a page that no browser opens. */
    private static final int MOST_SHOWN = 400;

    private static final Html DRAWN = Html.of("<p class=\"note\">Drawn thick: the box that was chosen by the sum of both "
            + "scores, less the unconditional error.</p>");

    private final List<Html> added = new ArrayList<>();

    /** @param settings what the results depend on, by name */
    public static Page boxes(RgbImage picture, ReferredExample example, SortedMap<String, String> settings) {
        var headings = new ArrayList<Object>(List.of("box", "x,\u00a0y", "size"));
        example.choices().forEach(choice -> headings.add(choice.method() + ", " + choice.scoring()));
        var table = new Table(headings.toArray());
        for (int b = 0; b < example.boxes().size(); b++) {
            double[] box = example.boxes().get(b).box();
            var cells = new ArrayList<Object>(List.of(b + 1,
                    String.format(Locale.ROOT, "%.0f,\u00a0%.0f", box[0], box[1]),
                    String.format(Locale.ROOT, "%.0f\u00a0×\u00a0%.0f", box[2], box[3])));
            for (Choice choice : example.choices()) {
                boolean best = Objects.equals(choice.chosen(), b);
                cells.add(new Table.Cell(String.format(Locale.ROOT, "%.6f%s", choice.scores()[b], best ? "\u00a0◀" : ""),
                        best ? "best" : "", 0));
            }
            table.row(cells);
        }
        return new Page(example.expression())
                .section(example.image(), Html.of("<figure>%s</figure>", drawn(picture, example, Picture.LARGE)), DRAWN)
                .section("Scores", table.render(), Html.of("<p class=\"note\">The smaller, the better the expression "
                        + "fits; ◀ the smallest of each way of scoring.</p>"))
                .settings(settings);
    }

    /** Adds an example with its picture; those beyond the first 400 are not shown. */
    public void add(RgbImage picture, ReferredExample example) {
        if (added.size() < MOST_SHOWN) {
            added.add(Html.of("<figure>%s<p>%s</p></figure>", drawn(picture, example, 2 * Picture.SMALL),
                    Verdict.of(example.expression(), Boolean.TRUE.equals(drawnChoice(example).correct()))));
        }
    }

    /** The page of the examples that were added. */
    public Page examples(ReferringSummary summary) {
        var table = new Table("", "scored by", "right");
        for (Accuracy accuracy : summary.accuracies()) {
            table.row(accuracy.method(), accuracy.scoring(), accuracy.correct());
        }
        table.row("chance", "", String.format(Locale.ROOT, "%.1f %%", 100 * summary.chance()));
        int all = summary.examples().size();
        return new Page("Boxes that expressions refer to")
                .section("Accuracy over " + all + " examples", table.render(), Html.of("<p class=\"note\">Right is "
                        + "a box whose intersection over union with the true one is above 0.5; 95 %% intervals.</p>"))
                .section(added.size() == all ? "Examples" : "The first " + added.size() + " of " + all + " examples",
                        DRAWN, Html.of("<p class=\"note\">Dashed: the true one.</p>"),
                        Html.of("<div class=\"thumbnails wider\">%n%s%n</div>", Html.join(added)))
                .failures(summary.failed()).settings(summary.settings());
    }

    private static Html drawn(RgbImage picture, ReferredExample example, int longest) {
        return BoxedPicture.of(picture, example.expression(), example.boxes().stream().map(BoxErrors::box).toList(),
                drawnChoice(example).chosen(), example.truth(), longest);
    }

    private static Choice drawnChoice(ReferredExample example) {
        return example.choice(Method.SUM, Scoring.LESS_UNCONDITIONAL);
    }
}
