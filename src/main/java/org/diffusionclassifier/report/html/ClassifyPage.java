package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.classify.Evidence;
import org.diffusionclassifier.classify.Prediction;
import org.diffusionclassifier.data.PromptSet;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.report.ClassRanks;

/** The page of {@code classify --report}: each picture with its ranked classes, error curves and heat map. */
public final class ClassifyPage {

    private final PromptSet prompts;
    private final int timesteps;
    private final int top;
    private final Page page;

    /**
     * @param timesteps of the model
     * @param top       classes to show, at least 1
     */
    public ClassifyPage(PromptSet prompts, int timesteps, int top) {
        this(prompts, timesteps, top, "Classification");
    }

    private ClassifyPage(PromptSet prompts, int timesteps, int top, String title) {
        this.prompts = prompts;
        this.timesteps = timesteps;
        this.top = top;
        this.page = new Page(title);
    }

    /** The page of {@code classify --explain}: heat maps and error curves alone. */
    public static ClassifyPage explanations(PromptSet prompts, int timesteps) {
        return new ClassifyPage(prompts, timesteps, 0, "Where the evidence lies");
    }

    /**
     * Adds a picture.
     *
     * @param name     as it was given
     * @param image    as it was given
     * @param seen     the square that the model saw
     * @param evidence of the winner and the best prompt of another class; null if there is no other
     */
    public void add(String name, RgbImage image, Prediction prediction, RgbImage seen, Evidence evidence) {
        List<Integer> ranks = ClassRanks.of(prediction, prompts);
        String winner = className(prediction, 0);
        var parts = new ArrayList<Html>();
        parts.add(Html.of("<figure><figcaption>%s</figcaption>%n%s%n<p class=\"note\">%d × %d pixels%s; %d pairs</p></figure>",
                winner, Picture.of(image, name, Picture.LARGE), image.width(), image.height(),
                image.width() == image.height() ? "" : ", of which the model sees the middle square", prediction.pairs()));
        if (top > 0) {
            List<Integer> shown = ranks.subList(0, Math.min(top, ranks.size()));
            parts.add(RankedBars.of(shown.stream().map(rank -> new RankedBars.Entry(className(prediction, rank),
                    prediction.ranking().get(rank))).toList(), ranks.size() - shown.size()));
        }
        if (evidence != null) {
            int enough = (prediction.ranking().get(ranks.get(1)).errors().length + 1) / 2;
            List<Integer> losers = ranks.stream().skip(1)
                    .filter(rank -> prediction.ranking().get(rank).errors().length >= enough).limit(ErrorCurves.MOST).toList();
            parts.add(ExplainedPicture.of(seen, evidence, winner, className(prediction, ranks.get(1))));
            parts.add(ErrorCurves.of(winner, prediction.winner(), losers.stream().map(rank ->
                    new ErrorCurves.Loser(className(prediction, rank), prediction.ranking().get(rank))).toList(), timesteps));
        }
        page.section(name, Html.of("<div class=\"figures\">%n%s%n</div>", Html.join(parts)));
    }

    private String className(Prediction prediction, int rank) {
        return ClassRanks.prompt(prediction, prompts, rank).className();
    }

    /**
     * The whole page.
     *
     * @param settings what the results depend on, by name
     */
    public Page finish(SortedMap<String, String> settings) {
        return page.settings(settings);
    }
}
