package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * How often images of each class were taken for each class.
 *
 * @param classes the class indices of the rows and columns, rising; not always contiguous
 * @param names   their names
 * @param counts  images, [label][prediction]
 */
public record ConfusionMatrix(List<Integer> classes, List<String> names, int[][] counts) {

    private static final int MAX_WIDTH = 100;
    private static final int MAX_NAME = 17;
    private static final int MOST_CONFUSED = 10;

    /**
     * Counts {@code outcomes}.
     *
     * @param classNames the names by class index; a class that occurs without being named here goes by its index
     */
    public static ConfusionMatrix of(Collection<Outcome> outcomes, SortedMap<Integer, String> classNames) {
        var all = new TreeMap<>(classNames);
        for (var outcome : outcomes) {
            all.putIfAbsent(outcome.label(), Integer.toString(outcome.label()));
            all.putIfAbsent(outcome.prediction(), Integer.toString(outcome.prediction()));
        }
        var classes = List.copyOf(all.keySet());
        var rows = new TreeMap<Integer, Integer>();
        classes.forEach(index -> rows.put(index, rows.size()));
        var counts = new int[classes.size()][classes.size()];
        for (var outcome : outcomes) {
            counts[rows.get(outcome.label())][rows.get(outcome.prediction())]++;
        }
        return new ConfusionMatrix(classes, List.copyOf(all.values()), counts);
    }

    /** The mean over the classes of which there are images of the share of these that were taken for their class. */
    public double meanPerClassAccuracy() {
        return IntStream.range(0, counts.length).filter(row -> IntStream.of(counts[row]).sum() > 0)
                .mapToDouble(row -> (double) counts[row][row] / IntStream.of(counts[row]).sum())
                .average().orElseThrow();
    }

    /**
     * The matrix as text: one line a class with its name, index, counts by predicted class (· for 0) and share of right
     * ones. Where that would take more than 100 columns, which it does from about twenty classes, the ten pairs of
     * classes most often confused instead.
     */
    public String render() {
        return lineWidth() <= MAX_WIDTH ? renderCounts() : renderMostConfused();
    }

    private String renderCounts() {
        var text = new StringBuilder();
        var cell = "%" + cellWidth() + "s";
        var head = "%-" + nameWidth() + "s" + cell;
        text.append(head.formatted("label", ""));
        classes.forEach(index -> text.append(cell.formatted(index)));
        text.append("   right\n");
        for (int row = 0; row < counts.length; row++) {
            text.append(head.formatted(shortName(row), classes.get(row)));
            int total = 0;
            for (int count : counts[row]) {
                text.append(cell.formatted(count == 0 ? "·" : count));
                total += count;
            }
            double right = 100.0 * counts[row][row] / total;
            text.append(total == 0 ? "       -" : String.format(Locale.ROOT, "%6.1f %%", right)).append('\n');
        }
        return text.toString();
    }

    /**
     * Two classes of which images of one were taken for the other.
     *
     * @param label      row of the one
     * @param prediction column of the other
     * @param count      images
     */
    public record Confusion(int label, int prediction, int count) {
    }

    /** The pairs of classes that were confused at all, the most often confused first, at most {@code most}. */
    public List<Confusion> mostConfused(int most) {
        var pairs = new ArrayList<Confusion>();
        for (int label = 0; label < counts.length; label++) {
            for (int prediction = 0; prediction < counts.length; prediction++) {
                if (label != prediction && counts[label][prediction] > 0) {
                    pairs.add(new Confusion(label, prediction, counts[label][prediction]));
                }
            }
        }
        pairs.sort(Comparator.comparingInt(Confusion::count).reversed()); // stable: ties by label, then prediction
        return List.copyOf(pairs.subList(0, Math.min(pairs.size(), most)));
    }

    private String renderMostConfused() {
        List<Confusion> pairs = mostConfused(MOST_CONFUSED);
        if (pairs.isEmpty()) {
            return "no image was misclassified\n";
        }
        var text = new StringBuilder();
        var line = "%-" + nameWidth() + "s   %-" + nameWidth() + "s   %6s\n";
        text.append(line.formatted("label", "predicted", "images"));
        for (var pair : pairs) {
            text.append(line.formatted(shortName(pair.label), shortName(pair.prediction), pair.count));
        }
        return text.toString();
    }

    private int lineWidth() {
        return nameWidth() + cellWidth() * (classes.size() + 1) + "   right".length();
    }

    private int cellWidth() {
        int largest = IntStream.concat(classes.stream().mapToInt(Integer::intValue),
                Arrays.stream(counts).flatMapToInt(Arrays::stream)).max().orElse(0);
        return Integer.toString(largest).length() + 1;
    }

    private int nameWidth() {
        int longest = names.stream().mapToInt(String::length).max().orElse(0);
        return Math.max("predicted".length(), Math.min(longest, MAX_NAME));
    }

    private String shortName(int row) {
        var name = names.get(row);
        return name.length() <= MAX_NAME ? name : name.substring(0, MAX_NAME - 1) + "…";
    }
}
