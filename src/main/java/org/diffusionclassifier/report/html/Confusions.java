package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.result.ConfusionMatrix.Confusion;
import org.diffusionclassifier.result.ConfusionMatrix;
import org.diffusionclassifier.result.Proportion;

/** Which classes were confused: the confusion matrix, shaded, and a line for each class. */
final class Confusions {

    /** With more classes than this, a matrix says less than a list of the classes most often confused. */
    private static final int MOST_COLUMNS = 20;
    private static final int MOST_PAIRS = 40;

    private Confusions() {
    }

    /** The matrix, each row shaded by share; for many classes, the pairs most often confused instead. */
    static Html matrix(ConfusionMatrix matrix) {
        return matrix.classes().size() <= MOST_COLUMNS ? counts(matrix) : pairs(matrix);
    }

    private static Html counts(ConfusionMatrix matrix) {
        var headings = new ArrayList<Object>(List.of("label", ""));
        headings.addAll(matrix.classes());
        var table = Table.matrix(headings);
        for (int row = 0; row < matrix.counts().length; row++) {
            int[] counts = matrix.counts()[row];
            int total = IntStream.of(counts).sum();
            var cells = new ArrayList<Object>(List.of(matrix.names().get(row), matrix.classes().get(row)));
            for (int column = 0; column < counts.length; column++) {
                cells.add(new Table.Cell(counts[column] == 0 ? "·" : String.valueOf(counts[column]),
                        column == row ? "best" : "", total == 0 ? 0 : (double) counts[column] / total));
            }
            table.row(cells);
        }
        return Html.of("<div>%s%n<p class=\"note\">Rows: the images’ labels. Columns: the predicted classes, "
                + "by number. Shaded by share of the row.</p></div>", table.render());
    }

    private static Html pairs(ConfusionMatrix matrix) {
        List<Confusion> confused = matrix.mostConfused(MOST_PAIRS);
        if (confused.isEmpty()) {
            return Html.of("<p>No image was misclassified.</p>");
        }
        var table = new Table("label", "predicted", "images");
        confused.forEach(pair -> table.row(matrix.names().get(pair.label()), matrix.names().get(pair.prediction()),
                pair.count()));
        return table.render();
    }

    /**
     * A line for each class of which there were images: how many were classified rightly, and as what the others were
     * classified.
     */
    static Html classes(ConfusionMatrix matrix) {
        var table = new Table("label", "images", "right", "most often predicted instead");
        for (int row = 0; row < matrix.counts().length; row++) {
            int[] counts = matrix.counts()[row];
            int label = row;
            int total = IntStream.of(counts).sum();
            int other = IntStream.range(0, counts.length).filter(column -> column != label)
                    .reduce((a, b) -> counts[b] > counts[a] ? b : a).orElse(label);
            if (total > 0) {
                table.row(matrix.names().get(row), total, Proportion.of(counts[row], total),
                        other == label || counts[other] == 0 ? ""
                                : matrix.names().get(other) + " (" + counts[other] + ")");
            }
        }
        return table.render();
    }
}
