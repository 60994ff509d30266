package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;

/** The page of classified pictures: each with its ranked classes, error curves and heat map. */
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

    /** The same with heat maps and error curves alone. */
    public static ClassifyPage explanations(PromptSet prompts, int timesteps) {
        return new ClassifyPage(prompts, timesteps, 0, "Where the evidence lies");
    }

    /**
     * Adds a picture.
     *
     * @param name        as it was given
     * @param image       as it was given
     * @param posterior   what the errors say of the prompts
     * @param explanation null if there is one class only
     */
    public void add(String name, RgbImage image, Prediction prediction, Posterior posterior, Explanation explanation) {
        var figures = new ArrayList<Html>();
        figures.add(picture(name, image, prediction));
        if (top > 0) {
            figures.add(RankedBars.of(prediction, prompts, posterior, top));
        }
        if (explanation != null) {
            figures.add(explained(prediction, explanation));
        }
        page.section(name, Html.of("<div class=\"figures\">%n%s%n</div>", Html.join(figures)));
    }

    /** The heat map and the error curves alone, as two {@code figure} elements. */
    public Html explained(Prediction prediction, Explanation explanation) {
        int enough = (explanation.evidence().trials() + 1) / 2;
        List<ErrorCurves.Loser> losers = prompts.classRanks(prediction).stream().skip(1)
                .map(rank -> new ErrorCurves.Loser(className(prediction, rank), prediction.ranking().get(rank)))
                .filter(loser -> loser.errors().errors().length >= enough).limit(ErrorCurves.MOST).toList();
        return Html.join(ExplainedPicture.of(explanation),
                ErrorCurves.of(explanation.winner(), prediction.winner(), losers, timesteps));
    }

    private Html picture(String name, RgbImage image, Prediction prediction) {
        return Html.of("""
                <figure><figcaption>%s%s</figcaption>
                %s
                <p class="note">%d × %d pixels%s; %d pairs</p></figure>""", className(prediction, 0),
                prediction.isTie() ? Html.of(", a tie of %d", prediction.surviving()) : Html.NOTHING,
                Picture.of(image, name, Picture.LARGE), image.width(), image.height(),
                image.width() == image.height() ? "" : ", of which the model sees the middle square",
                prediction.pairs());
    }

    private String className(Prediction prediction, int rank) {
        return prompts.prompts().get(prediction.ranking().get(rank).prompt()).className();
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
