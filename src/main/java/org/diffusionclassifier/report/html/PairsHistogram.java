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
        parts.add(x.frame(y, "pairs on an image"));
        for (int i = 0; i < counts.length; i++) {
            double left = x.at(least + i * width);
            double right = x.at(least + (i + 1) * width);
            parts.add(Html.of("""
                    <rect class="count" x="%.1f" y="%.1f" width="%.1f" height="%.1f">
                    <title>%d to %d pairs: %d images</title></rect>""", left + 0.5, y.at(counts[i]), Math.max(0.5, right - left - 1), y.at(0) - y.at(counts[i]),
                    least + i * width, least + (i + 1) * width - 1, counts[i]));
        }
        return Html.of("""
                <figure><figcaption>Images, by pairs spent</figcaption>
                <svg role="img" viewBox="0 0 %d %d"><title>Images by pairs spent</title>
                %s
                </svg>
                <p class="note">%.0f on average, %d to %d.</p></figure>""", WIDTH, HEIGHT, Html.join(parts),
                LongStream.of(array(pairs)).average().orElseThrow(), least, most);
    }

    private static long[] array(List<Long> pairs) {
        return pairs.stream().mapToLong(Long::longValue).toArray();
    }
}
