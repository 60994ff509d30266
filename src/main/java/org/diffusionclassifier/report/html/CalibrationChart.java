package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import org.diffusionclassifier.result.Proportion;
import org.diffusionclassifier.result.Reliability.Bin;
import org.diffusionclassifier.result.Reliability;

/** The reliability diagram: how often predictions are right that claim some probability, with 95 % intervals. */
final class CalibrationChart {

    /** In the chart's own units, which are pixels on a narrow telephone. */
    private static final int WIDTH = 340;
    private static final int HEIGHT = 300;
    private static final int LEFT = 44;
    private static final int TOP = 8;
    private static final int BOTTOM = 34;

    private CalibrationChart() {
    }

    static Html of(Reliability reliability) {
        var x = new Axis(0, 100, LEFT, WIDTH - 10);
        var y = new Axis(0, 100, HEIGHT - BOTTOM, TOP);
        var parts = new ArrayList<Html>();
        parts.add(x.frame(y, "claimed, %"));
        parts.add(Html.of("<path class=\"zero\" d=\"M%.1f %.1fL%.1f %.1f\"/>", x.at(0), y.at(0), x.at(100), y.at(100)));
        for (Bin bin : reliability.bins()) {
            Proportion right = Proportion.of((int) Math.round(bin.right() * bin.images()), bin.images());
            double across = x.at(100 * bin.claimed());
            parts.add(Html.of("""
                    <g><title>%d images, claimed %.1f %%: %s right</title>
                    <path class="bar c0" d="M%.1f %.1fV%.1f"/><circle class="mark c0" cx="%.1f" cy="%.1f" r="4"/></g>""",
                    bin.images(), 100 * bin.claimed(), right, across, y.at(100 * right.low()), y.at(100 * right.high()),
                    across, y.at(100 * right.share())));
        }
        parts.add(Html.of("<text class=\"middle\" transform=\"translate(11 %d) rotate(-90)\">right, %%</text>",
                (TOP + HEIGHT - BOTTOM) / 2));
        return Html.of("""
                <figure><figcaption>Right, by the probability claimed</figcaption>
                <svg role="img" viewBox="0 0 %d %d"><title>Right, by the probability claimed</title>
                %s
                </svg>
                <p class="note">Expected calibration error %.3f. Below the line predictions claim too much, above it too
                little; bars are 95 %% intervals.</p></figure>""", WIDTH, HEIGHT, Html.join(parts), reliability.error());
    }
}
