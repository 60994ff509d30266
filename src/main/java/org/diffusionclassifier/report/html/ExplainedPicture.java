package org.diffusionclassifier.report.html;

import java.util.Locale;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.report.HeatMap;

/** A heat map over its picture, with the meaning of its colours. */
final class ExplainedPicture {

    private ExplainedPicture() {
    }

    static Html of(Explanation explanation) {
        String winner = explanation.winner();
        String runnerUp = explanation.runnerUp();
        String largest = String.format(Locale.ROOT, "%.6f", explanation.evidence().largest());
        return Html.of("""
                <figure class="heat"><figcaption>Where the evidence lies</figcaption>
                %s
                <div class="scale"></div>
                <div class="ends"><span>−%s<br/>favours %s</span><span>0</span><span>+%s<br/>favours %s</span></div>
                <p class="note">%s’s error less %s’s at each place, mean over %d trial%s. Blue places speak for the
                first, orange places for the second, and uncoloured places for neither.</p>
                </figure>""",
                Picture.of(HeatMap.of(explanation), "Heat map: " + winner + " or " + runnerUp, Picture.LARGE),
                largest, winner, largest, runnerUp, winner, runnerUp, explanation.evidence().trials(),
                explanation.evidence().trials() == 1 ? "" : "s");
    }
}
