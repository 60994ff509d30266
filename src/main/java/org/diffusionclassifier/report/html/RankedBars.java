package org.diffusionclassifier.report.html;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.classify.PromptErrors;

/**
 * The classes in the order of the decision, each with its error above the winner's as a bar, over the trials that both
 * have seen, and with the 95 % interval of this difference.
 */
final class RankedBars {

    /** A class by its best prompt. */
    record Entry(String name, PromptErrors errors) {
    }

    private RankedBars() {
    }

    /**
     * @param entries the winner first
     * @param more    how many classes there are besides
     */
    static Html of(List<Entry> entries, int more) {
        PromptErrors winner = entries.get(0).errors();
        List<Interval> margins = entries.stream().map(entry -> margin(entry.errors(), winner)).toList();
        var scale = new Axis(Math.min(0, margins.stream().mapToDouble(Interval::low).min().orElseThrow()),
                Math.max(0, margins.stream().mapToDouble(Interval::high).max().orElseThrow()), 0, 100);
        return Html.of("""
                <figure class="bars"><figcaption>Error above the winner’s</figcaption>
                %s%s
                <p class="note">The shorter, the better the class fits. The thin line is the 95 %% interval of the difference
                over the trials (noise and timestep) that both classes have seen.</p>
                </figure>""",
                Html.join(IntStream.range(0, entries.size())
                        .mapToObj(i -> row(i, entries.get(i), margins.get(i), scale)).toList()),
                more == 0 ? Html.NOTHING : Html.of("%n<p>and %d more</p>", more));
    }

    private static Html row(int rank, Entry entry, Interval margin, Axis scale) {
        Html number = rank == 0 ? Html.of("mean error %.6f · %d trials", entry.errors().mean(), entry.errors().errors().length)
                : Html.of("%+.6f%s · %d trials", margin.mean(),
                        margin.isKnown() ? Html.of(" ± %.6f", margin.half()) : Html.NOTHING, entry.errors().errors().length);
        double zero = scale.at(0);
        double end = scale.at(margin.mean());
        Html whisker = margin.isKnown() && rank > 0 ? Html.of("<i class=\"whisker\" style=\"left:%.2f%%;width:%.2f%%\"></i>",
                scale.at(margin.low()), scale.at(margin.high()) - scale.at(margin.low())) : Html.NOTHING;
        return Html.of("""
                <div class="row%s"><span>%d</span><b>%s</b><span class="number">%s</span>
                <div class="track"><i class="fill" style="left:%.2f%%;width:%.2f%%"></i>%s<i class="origin" style="left:%.2f%%"></i></div>
                </div>""", rank == 0 ? " winner" : "", rank + 1, entry.name(), number, Math.min(zero, end),
                Math.abs(end - zero), whisker, zero);
    }

    private static Interval margin(PromptErrors errors, PromptErrors winner) {
        int shared = Math.min(errors.errors().length, winner.errors().length);
        return Interval.ofMean(IntStream.range(0, shared)
                .mapToDouble(i -> (double) errors.errors()[i] - winner.errors()[i]).toArray());
    }
}
