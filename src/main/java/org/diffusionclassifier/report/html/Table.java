package org.diffusionclassifier.report.html;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.result.Proportion;

/** A table of numbers under headings. If it is wider than its place, it scrolls by itself. */
final class Table {

    private final String style;
    private final List<Html> rows = new ArrayList<>();

    Table(Object... headings) {
        this("", headings);
    }

    private Table(String style, Object[] headings) {
        this.style = style;
        row("th", Arrays.asList(headings));
    }

    /** With narrow columns of equal width. */
    static Table matrix(List<?> headings) {
        return new Table(" matrix", headings.toArray());
    }

    /** @param cells as {@link Html#of} takes them */
    Table row(Object... cells) {
        return row(Arrays.asList(cells));
    }

    Table row(List<?> cells) {
        row("td", cells);
        return this;
    }

    private void row(String element, List<?> cells) {
        rows.add(Html.of("<tr>%s</tr>", Html.join(cells.stream()
                .map(cell -> cell instanceof Cell given ? given.render(element)
                        : Html.of("<%2$s>%1$s</%2$s>",
                                cell instanceof Proportion share ? withInterval(share) : cell, element))
                .toList())));
    }

    private static Html withInterval(Proportion share) {
        return Html.of("%.1f\u00a0%% <span class=\"interval\">(%.1f to %.1f)</span>", 100 * share.share(),
                100 * share.low(), 100 * share.high());
    }

    /** A cell with a style class, or shaded by a share from 0 to 1. */
    record Cell(Object content, String style, double shade) {

        private Html render(String element) {
            Html shading = shade == 0 ? Html.NOTHING
                    : Html.of(" style=\"background:rgb(var(--shade) / %.3f)\"", Math.min(1, shade) * 0.6);
            return Html.of("<%1$s class=\"%2$s\"%3$s>%4$s</%1$s>", element, style, shading, content);
        }
    }

    Html render() {
        return Html.of("<div class=\"wide\"><table class=\"numbers%s\">%n%s%n</table></div>", style, Html.join(rows));
    }
}
