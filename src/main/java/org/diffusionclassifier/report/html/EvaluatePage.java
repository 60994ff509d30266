package org.diffusionclassifier.report.html;

import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.report.RankingText;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.Summary;

/** The page of an evaluation: accuracy, confusions, calibration, pairs spent, worst mistakes. */
public final class EvaluatePage {

    /** Thumbnails; a page of ten thousand images is to stay a small one. */
    private static final int MOST_MISTAKES = 36;

    private EvaluatePage() {
    }

    /**
     * The whole page.
     *
     * @param outcomes the images that {@code summary} is about, at least one
     * @param failures the images that could not be classified
     * @param classes  names by class index
     * @param images   the dataset that they are of
     */
    public static Page of(Summary summary, List<Outcome> outcomes, List<FailedImage> failures,
            SortedMap<Integer, String> classes, Dataset images) {
        var page = new Page("Evaluation");
        page.add(Html.of("""
                <p class="headline">%.1f\u00a0%% right</p>
                <p>%d of %d images; 95\u00a0%% interval %.1f to %.1f\u00a0%%; mean of the classes %.1f\u00a0%%; %.0f \
                pairs an image%s</p>
                <p class="note">%s</p>""", 100 * summary.accuracy(), summary.correct(), summary.images(),
                100 * summary.accuracyLow(), 100 * summary.accuracyHigh(),
                100 * summary.meanPerClassAccuracy(), summary.pairsPerImage(),
                summary.ties() == 0 ? Html.NOTHING : Html.of("; %d undecided", summary.ties()), images.description()));
        page.section("Confusions", sideBySide(Confusions.matrix(summary.confusion()),
                Confusions.classes(summary.confusion())));
        page.section("Probabilities and effort", sideBySide(CalibrationChart.of(summary.calibration()),
                PairsHistogram.of(outcomes.stream().map(Outcome::pairs).toList())));
        mistakes(page, outcomes, classes, images);
        page.failures(failures.stream().map(FailedImage::failed).toList());
        return page.settings(summary.settings());
    }

    private static Html sideBySide(Html left, Html right) {
        return Html.of("<div class=\"figures\">%n%s%n%s%n</div>", left, right);
    }

    private static void mistakes(Page page, List<Outcome> outcomes, SortedMap<Integer, String> classes, Dataset images) {
        List<Outcome> wrong = outcomes.stream().filter(outcome -> !outcome.correct())
                .sorted(Comparator.comparingDouble(Outcome::probability).reversed()).toList();
        if (wrong.isEmpty()) {
            page.section("Mistakes", Html.of("<p>None.</p>"));
            return;
        }
        List<Outcome> shown = wrong.subList(0, Math.min(wrong.size(), MOST_MISTAKES));
        page.section(shown.size() == wrong.size() ? "The mistakes, the surest first"
                : "The " + shown.size() + " surest of " + wrong.size() + " mistakes",
                Html.of("<div class=\"thumbnails\">%n%s%n</div>", Html.join(shown.stream()
                        .map(outcome -> mistake(outcome, classes, images.get(outcome.index()))).toList())));
    }

    private static Html mistake(Outcome outcome, SortedMap<Integer, String> classes, Example example) {
        return Html.of("<figure>%s<p>%s</p><p class=\"wrong\">✗ %s, %s %%</p><p class=\"note\">%s</p></figure>",
                Picture.of(example.image(), example.name(), Picture.SMALL), classes.get(outcome.label()),
                classes.get(outcome.prediction()), RankingText.percent(outcome.probability()), example.name());
    }
}
