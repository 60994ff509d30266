package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Margin;

/**
 * Errors against the timestep, each less the winner's in the same trial, because the errors themselves change far more
 * with the timestep than from class to class. Trials form groups of neighbouring timesteps, equally many in each. A
 * point is a group's mean, its bar the 95 % interval of this mean.
 */
final class ErrorCurves {

    /** In the chart's own units, which are pixels on a narrow telephone. */
    private static final int WIDTH = 340;
    private static final int HEIGHT = 210;
    private static final int LEFT = 52;
    private static final int TOP = 8;
    private static final int BOTTOM = 32;

    private static final int LEAST_TRIALS = 5;
    private static final int MOST_POINTS = 10;

    /** Marks that distinguish curves without their colour, around (0, 0). */
    private static final List<String> MARKS = List.of("M-3.2 -3.2h6.4v6.4h-6.4z", "M0 -4.2L4 3.2H-4z",
            "M0 -4.2L4.2 0L0 4.2L-4.2 0z", "M-4 -3.2H4L0 4.2z");

    /** How many curves a chart holds. */
    static final int MOST = MARKS.size();

    /** A class that did not win, by the errors of its best prompt. */
    record Loser(String name, PromptErrors errors) {
    }

    private record Point(double timestep, Difference difference) {
    }

    private ErrorCurves() {
    }

    /**
     * @param losers    at least one, at most {@link #MOST}
     * @param timesteps T
     */
    static Html of(String winner, PromptErrors best, List<Loser> losers, int timesteps) {
        List<List<Point>> curves = losers.stream().map(loser -> points(loser.errors(), best)).toList();
        List<Difference> all = curves.stream().flatMap(List::stream).map(Point::difference).toList();
        var x = new Axis(0, timesteps, LEFT, WIDTH - 6);
        var y = new Axis(Math.min(0, all.stream().mapToDouble(Difference::low).min().orElseThrow()),
                Math.max(0, all.stream().mapToDouble(Difference::high).max().orElseThrow()), HEIGHT - BOTTOM, TOP);
        var parts = new ArrayList<Html>();
        parts.add(x.frame(y, "timestep (more noise to the right)"));
        parts.add(Html.of("<path class=\"zero\" d=\"M%d %.1fH%d\"/>", LEFT, y.at(0), WIDTH - 6));
        for (int i = 0; i < curves.size(); i++) {
            parts.add(curve(i, curves.get(i), x, y, 3.0 * (i - (curves.size() - 1) / 2.0)));
        }
        return Html.of("""
                <figure><figcaption>Error above %s’s, by timestep</figcaption>
                <svg role="img" viewBox="0 0 %d %d"><title>Error above that of %s against the timestep</title>
                %s
                </svg>
                <p class="legend">%s</p>
                <p class="note">Above the line the winner fits better. A point is the mean over neighbouring timesteps,
                its bar the 95 %% interval. The chart shows classes that lasted about as long as the runner-up.</p>
                </figure>""", winner, WIDTH, HEIGHT, winner, Html.join(parts),
                Html.join(IntStream.range(0, losers.size()).mapToObj(i -> Html.of(
                        "<span><svg aria-hidden=\"true\" class=\"key\" viewBox=\"-6 -6 12 12\">%s</svg> %s</span>",
                        mark(i, 0, 0), losers.get(i).name())).toList()));
    }

    /** @param aside how far it is moved to the right, so that bars do not hide each other */
    private static Html curve(int index, List<Point> points, Axis x, Axis y, double aside) {
        var line = new StringBuilder();
        var bars = new StringBuilder();
        var marks = new ArrayList<Html>();
        for (Point point : points) {
            Difference difference = point.difference;
            double across = x.at(point.timestep) + aside;
            double mean = y.at(difference.mean());
            line.append(String.format(Locale.ROOT, "%s%.1f %.1f", line.length() == 0 ? "M" : "L", across, mean));
            if (difference.isKnown()) {
                bars.append(String.format(Locale.ROOT, "M%.1f %.1fV%.1f", across, y.at(difference.low()),
                        y.at(difference.high())));
            }
            marks.add(mark(index, across, mean));
        }
        return Html.of("<path class=\"line c%1$d\" d=\"%2$s\"/><path class=\"bar c%1$d\" d=\"%3$s\"/>%4$s", index, line,
                bars, Html.join(marks));
    }

    private static Html mark(int index, double x, double y) {
        return Html.of("<path class=\"mark c%d\" transform=\"translate(%.1f %.1f)\" d=\"%s\"/>", index, x, y,
                MARKS.get(index));
    }

    private static List<Point> points(PromptErrors loser, PromptErrors best) {
        int shared = Math.min(loser.errors().length, best.errors().length);
        List<Trial> trials = best.trials();
        List<Integer> order = IntStream.range(0, shared).boxed()
                .sorted(Comparator.comparingInt(i -> trials.get(i).timestep())).toList();
        int groups = Math.max(1, Math.min(MOST_POINTS, shared / LEAST_TRIALS));
        var points = new ArrayList<Point>();
        for (int g = 0; g < groups; g++) {
            List<Integer> group = order.subList(g * shared / groups, (g + 1) * shared / groups);
            var differences = new SummaryStatistics();
            group.forEach(i -> differences.addValue((double) loser.errors()[i] - best.errors()[i]));
            points.add(new Point(group.stream().mapToInt(i -> trials.get(i).timestep()).average().orElseThrow(),
                    Difference.of(new Margin(differences.getMean(),
                            differences.getStandardDeviation() / Math.sqrt(group.size()), group.size() - 1))));
        }
        return points;
    }
}
