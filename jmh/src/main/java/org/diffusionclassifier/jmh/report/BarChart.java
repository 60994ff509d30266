package org.diffusionclassifier.jmh.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.jmh.report.Comparison.Verdict;
import org.diffusionclassifier.report.html.Html;

/**
 * Horizontal bars from zero on, each with its error bar, its number and, where there is one, a mark where it was before.
 * Every bar is labelled above it and not beside, so that the chart fits a telephone; colours are the page's.
 */
final class BarChart {

    /** In the chart's own units, which are pixels on a narrow telephone. */
    private static final int WIDTH = 340;
    private static final int BAR_WIDTH = 190;
    private static final int ROW_HEIGHT = 36;
    private static final int LABEL_LENGTH = 56;

    /** @param before null if it was not measured before */
    private record Bar(String label, Score score, Score before, Verdict verdict) {

        double reach() {
            return Math.max(score.hasError() ? score.high() : score.value(), before == null ? 0 : before.value());
        }
    }

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    BarChart(String title) {
        this.title = title;
    }

    void add(String label, Score score, Score before, Verdict verdict) {
        bars.add(new Bar(label, score, before, verdict));
    }

    /** The chart as an svg element. */
    String render() {
        double reach = bars.stream().mapToDouble(Bar::reach).max().orElse(0);
        double scale = reach > 0 ? BAR_WIDTH / reach : 0;
        var svg = new StringBuilder();
        append(svg, "<svg role=\"img\" viewBox=\"0 0 %d %d\"><title>%s</title>%n", WIDTH, bars.size() * ROW_HEIGHT,
                Html.escape(title));
        for (int i = 0; i < bars.size(); i++) {
            draw(svg, bars.get(i), i * ROW_HEIGHT, scale);
        }
        return svg.append("</svg>").toString();
    }

    private static void draw(StringBuilder svg, Bar bar, int top, double scale) {
        String label = bar.label.codePointCount(0, bar.label.length()) <= LABEL_LENGTH ? bar.label
                : bar.label.substring(0, bar.label.offsetByCodePoints(0, LABEL_LENGTH - 1)) + "…";
        append(svg, "<g><title>%s: %s</title><text x=\"0\" y=\"%d\">%s</text>%n", Html.escape(bar.label),
                Html.escape(bar.score.toString()), top + 12, Html.escape(label));
        append(svg, "<rect class=\"%s\" x=\"0\" y=\"%d\" width=\"%.1f\" height=\"10\"/>%n",
                bar.verdict == null ? "bar" : ReportPage.style(bar.verdict), top + 18,
                Math.max(0, bar.score.value()) * scale);
        if (bar.score.hasError()) {
            append(svg, "<path class=\"error\" d=\"M%1$.1f %3$dH%2$.1fM%1$.1f %4$dv6M%2$.1f %4$dv6\"/>%n",
                    Math.max(0, bar.score.low()) * scale, Math.max(0, bar.score.high()) * scale, top + 23, top + 20);
        }
        if (bar.before != null) {
            append(svg, "<path class=\"before\" d=\"M%.1f %dv16\"/>%n", Math.max(0, bar.before.value()) * scale, top + 15);
        }
        append(svg, "<text class=\"number\" x=\"%d\" y=\"%d\">%s</text></g>%n", WIDTH, top + 27,
                Html.escape(bar.score.toString()));
    }

    private static void append(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }
}
