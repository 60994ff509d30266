package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** How many pairs of a prompt and a trial were spent on an image, over many images. */
final class PairsHistogram {

    /** In the chart's own units, which are pixels on a narrow telephone. */
    private static final int WIDTH = 340;
    private static final int HEIGHT = 170;
    private static final int LEFT = 44;
    private static final int TOP = 8;
    private static final int BOTTOM = 32;
    private static final int MOST_BARS = 20;
    private static final int TICKS = 4;

    private PairsHistogram() {
    }

    /** @param pairs of each image, at least one */
    static Html of(List<Long> pairs) {
        long least = LongStream.of(array(pairs)).min().orElseThrow();
        long most = LongStream.of(array(pairs)).max().orElseThrow();
        if (least == most) {
            return Html.of("<p>%d pairs on every image.</p>", most);
        }
        long width = (most - least) / MOST_BARS + 1;
        var counts = new int[(int) ((most - least) / width) + 1];
        pairs.forEach(count -> counts[(int) ((count - least) / width)]++);
        var x = new Axis(least, least + width * counts.length, LEFT, WIDTH - 8);
        var y = new Axis(0, IntStream.of(counts).max().orElseThrow(), HEIGHT - BOTTOM, TOP);
        var parts = new ArrayList<Html>();
        for (double tick : y.ticks(TICKS)) {
            parts.add(Html.of("<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>",
                    LEFT, y.at(tick), WIDTH - 8, LEFT - 5, y.at(tick) + 3.5, y.label(tick, TICKS)));
        }
        for (double tick : x.ticks(TICKS)) {
            parts.add(Html.of("<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>", Math.min(x.at(tick), WIDTH - 16),
                    HEIGHT - BOTTOM + 14, x.label(tick, TICKS)));
        }
        for (int i = 0; i < counts.length; i++) {
            double left = x.at(least + i * width);
            double right = x.at(least + (i + 1) * width);
            parts.add(Html.of("<rect class=\"count\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%d to %d pairs: "
                    + "%d images</title></rect>", left + 0.5, y.at(counts[i]), Math.max(0.5, right - left - 1),
                    y.at(0) - y.at(counts[i]), least + i * width, least + (i + 1) * width - 1, counts[i]));
        }
        parts.add(Html.of("<text class=\"middle\" x=\"%d\" y=\"%d\">pairs on an image</text>", (LEFT + WIDTH) / 2, HEIGHT - 4));
        return Html.of("<figure><figcaption>Images, by pairs spent</figcaption>%n<svg role=\"img\" viewBox=\"0 0 %d %d\"><title>Images by pairs spent</title>%n%s%n</svg>"
                + "<p class=\"note\">%.0f on average, %d to %d.</p></figure>", WIDTH, HEIGHT, Html.join(parts),
                LongStream.of(array(pairs)).average().orElseThrow(), least, most);
    }

    private static long[] array(List<Long> pairs) {
        return pairs.stream().mapToLong(Long::longValue).toArray();
    }
}
