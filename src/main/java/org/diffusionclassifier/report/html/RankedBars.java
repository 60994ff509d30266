package org.diffusionclassifier.report.html;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.RankingText;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/**
 * The classes in the order of the decision, each with its probability and, as a bar, with its error above the winner's
 * and the 95 % interval of this difference.
 */
final class RankedBars {

    private RankedBars() {
    }

    /** @param top classes to show, at least 1 */
    static Html of(Prediction prediction, PromptSet prompts, Posterior posterior, int top) {
        List<Integer> ranks = prompts.classRanks(prediction);
        double[] probabilities = posterior.of(prediction, ranks);
        int shown = Math.min(top, ranks.size());
        List<Difference> margins = ranks.stream().limit(shown)
                .map(rank -> Difference.of(prediction.paired(rank))).toList();
        List<Difference> evaluated = margins.stream().filter(margin -> !Double.isNaN(margin.mean())).toList();
        var scale = new Axis(Math.min(0, evaluated.stream().mapToDouble(Difference::low).min().orElseThrow()),
                Math.max(0, evaluated.stream().mapToDouble(Difference::high).max().orElseThrow()), 0, 100);
        return Html.of("""
                <figure><figcaption>Probabilities, and errors above the winner’s</figcaption>
                %s%s
                <p class="note">The shorter the bar, the better the class fits. The thin line is the 95 %% interval of the
                difference, from the trials (noise and timestep) that both classes have seen.</p>
                </figure>""",
                Html.join(IntStream.range(0, shown).mapToObj(i -> row(i, prediction, ranks.get(i), prompts,
                        probabilities[i], margins.get(i), scale)).toList()),
                shown == ranks.size() ? Html.NOTHING : Html.of("<p>and %d more</p>", ranks.size() - shown));
    }

    private static Html row(int place, Prediction prediction, int rank, PromptSet prompts, double probability,
                            Difference margin, Axis scale) {
        var errors = prediction.ranking().get(rank);
        String name = prompts.prompts().get(errors.prompt()).className();
        if (errors.errors().length == 0) {
            return Html.of("<div class=\"row\"><span>%d</span><b>%s</b><span></span>"
                    + "<span class=\"number\">not evaluated, dropped with its group</span></div>", place + 1, name);
        }
        Html number = place == 0 ? Html.of("mean error %.6f", errors.mean())
                : Html.of("%+.6f%s", margin.mean(), margin.isKnown() ? Html.of(" ± %.6f", margin.half()) : Html.NOTHING);
        Html whisker = place == 0 || !margin.isKnown() ? Html.NOTHING
                : Html.of("<i class=\"whisker\" style=\"left:%.2f%%;width:%.2f%%\"></i>", scale.at(margin.low()),
                        scale.at(margin.high()) - scale.at(margin.low()));
        double zero = scale.at(0);
        double end = scale.at(margin.mean());
        return Html.of("""
                <div class="row%s"><span>%d</span><b>%s</b><span>%s %%</span>
                <div class="track"><i class="fill" style="left:%.2f%%;width:%.2f%%"></i>%s
                <i class="origin" style="left:%.2f%%"></i></div>
                <span class="number">%s · %d trial%s</span>
                </div>""", place == 0 ? " winner" : "", place + 1, name, RankingText.percent(probability),
                Math.min(zero, end), Math.abs(end - zero), whisker, zero, number, errors.errors().length,
                errors.errors().length == 1 ? "" : "s");
    }
}
