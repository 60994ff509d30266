package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/** A linear scale of a chart: from values to places, with a few round values to name. */
final class Axis {

    private static final int TICKS = 5;

    private final double low;
    private final double high;
    private final double from;
    private final double to;

    /**
     * @param low  value at {@code from}; if all values are equal, the scale extends somewhat beyond them
     * @param high value at {@code to}, at least {@code low}
     */
    Axis(double low, double high, double from, double to) {
        this.low = low;
        this.high = high > low ? high : low + Math.max(Math.abs(low) * 1e-3, 1e-9);
        this.from = from;
        this.to = to;
    }

    double at(double value) {
        return from + (value - low) / (high - low) * (to - from);
    }

    /**
     * The frame of a chart: numbers at both axes, lines across it, and below it the title of {@code this} axis, the
     * horizontal one.
     *
     * @param y the vertical one, upwards
     */
    Html frame(Axis y, String title) {
        var parts = new ArrayList<Html>();
        for (double tick : y.ticks(TICKS)) {
            parts.add(Html.of("<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", from, y.at(tick), to));
            parts.add(Html.of("<text class=\"end\" x=\"%.1f\" y=\"%.1f\">%s</text>", from - 5, y.at(tick) + 3.5,
                    y.label(tick, TICKS)));
        }
        for (double tick : ticks(TICKS)) {
            parts.add(Html.of("<text class=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>", Math.min(at(tick), to - 8),
                    y.from + 14, label(tick, TICKS)));
        }
        parts.add(Html.of("<text class=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>", (from + to) / 2, y.from + 28, title));
        return Html.join(parts);
    }

    /** Multiples of 1, 2 or 5 times a power of ten, at most {@code most + 1} of them. */
    List<Double> ticks(int most) {
        double step = step(most);
        return LongStream.rangeClosed((long) Math.ceil(low / step - 1e-9), (long) Math.floor(high / step + 1e-9))
                .mapToObj(i -> i * step).toList();
    }

    /** A tick with as many decimals as distinguish it from its neighbours. */
    String label(double tick, int most) {
        int decimals = (int) Math.max(0, -Math.floor(Math.log10(step(most)) + 1e-9));
        return String.format(Locale.ROOT, decimals > 8 ? "%.1e" : "%." + decimals + "f", tick);
    }

    private double step(int most) {
        double least = (high - low) / most;
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        for (int factor : new int[] {1, 2, 5}) {
            if (factor * power >= least * (1 - 1e-9)) {
                return factor * power;
            }
        }
        return 10 * power;
    }
}
