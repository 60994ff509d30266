package org.diffusionclassifier.jmh.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.jmh.report.Comparison.Change;
import org.diffusionclassifier.jmh.report.Comparison.Verdict;
import org.diffusionclassifier.report.html.Html;

/**
 * A report as one page of HTML, which is XML as well, without scripts and without anything from elsewhere: what was
 * measured on, what moved against the baseline, a chart for each benchmark, and every number in a table.
 */
public final class ReportPage {

    private final Report report;
    private final Comparison comparison;
    private final StringBuilder html = new StringBuilder();

    /** @param comparison with an earlier report, or null */
    public ReportPage(Report report, Comparison comparison) {
        this.report = report;
        this.comparison = comparison;
    }

    /** @throws org.diffusionclassifier.tensor.InputException if the file cannot be written */
    public void write(Path file) {
        AtomicFile.write(file, out -> out.write(render().getBytes(StandardCharsets.UTF_8)));
    }

    String render() {
        html.setLength(0);
        append("""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <title>diffusion-classifier: benchmarks</title>
                <style>
                %s</style>
                </head>
                <body>
                <h1>Benchmarks</h1>
                """, styles());
        origin();
        if (comparison != null) {
            changes();
        }
        charts();
        numbers();
        append("</body>%n</html>%n");
        return html.toString();
    }

    private void origin() {
        append("<div class=\"wide\"><table class=\"origin\">%n");
        Report before = comparison == null ? null : comparison.before();
        append("<tr><th></th><th>this run</th>%s</tr>%n", before == null ? "" : "<th>baseline</th>");
        origin("date", report.date(), before == null ? null : before.date());
        origin("commit", report.commit(), before == null ? null : before.commit());
        origin("machine", report.machine().toString(), before == null ? null : before.machine().toString());
        origin("load before", Score.text(report.machine().load()),
                before == null ? null : Score.text(before.machine().load()));
        origin("JDK", report.jdk(), before == null ? null : before.jdk());
        append("</table></div>%n");
        if (before != null && !before.machine().toString().equals(report.machine().toString())) {
            append("<p class=\"slower\">The baseline is of another machine: what moved may be the machine's doing.</p>%n");
        }
    }

    private void origin(String what, String now, String before) {
        append("<tr><th>%s</th><td>%s</td>%s</tr>%n", what, Html.escape(now),
                comparison == null ? "" : "<td>" + Html.escape(before) + "</td>");
    }

    private void changes() {
        append("<h2>Against the baseline</h2>%n<p>%s.</p>%n", Html.escape(comparison.summary()));
        append("<div class=\"wide\"><table class=\"changes\">%n<tr><th></th><th>ratio</th><th>benchmark</th><th>number</th><th>before</th>"
                + "<th>now</th></tr>%n");
        var ordered = new ArrayList<Change>(comparison.changes().stream().filter(Change::hasMoved).toList());
        comparison.changes().stream().filter(change -> !change.hasMoved()).forEach(ordered::add);
        for (Change change : ordered) {
            append("<tr class=\"%s\"><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>%n",
                    style(change.verdict()), words(change.verdict()),
                    Double.isNaN(change.ratio()) ? "" : String.format(Locale.ROOT, "%.3f", change.ratio()),
                    Html.escape(name(change.measurement())), Html.escape(change.name()), Html.escape(change.before().toString()),
                    Html.escape(change.after().toString()));
        }
        append("</table></div>%n");
        list("New", comparison.added());
        list("No longer measured", comparison.missing());
    }

    private void list(String title, List<Measurement> measurements) {
        if (!measurements.isEmpty()) {
            append("<p>%s: %s.</p>%n", title,
                    Html.escape(String.join("; ", measurements.stream().map(ReportPage::name).toList())));
        }
    }

    /** One for each headline of each benchmark, by model, whose numbers would not fit one scale. */
    private void charts() {
        var changes = new HashMap<String, Change>();
        if (comparison != null) {
            comparison.changes().forEach(change -> changes.put(change.measurement().key() + change.name(), change));
        }
        Map<String, BarChart> charts = new LinkedHashMap<>();
        for (Measurement measurement : report.measurements()) {
            measurement.headlines().forEach((name, score) -> {
                String model = measurement.params().get("model");
                String title = measurement.benchmark() + (model == null ? "" : ", " + model) + ": "
                        + (score.unit().isEmpty() ? name : score.unit());
                Change change = changes.get(measurement.key() + name);
                charts.computeIfAbsent(title, BarChart::new).add(measurement.label(), score,
                        change == null ? null : change.before(), change == null ? null : change.verdict());
            });
        }
        append("<h2>Charts</h2>%n<p>Thin lines are error bars (99.9 %%)%s.</p>%n<div class=\"charts\">%n",
                comparison == null ? "" : ", upright strokes the baseline");
        charts.forEach((title, chart) ->
                append("<figure><figcaption>%s</figcaption>%n%s</figure>%n", Html.escape(title), chart.render()));
        append("</div>%n");
    }

    private void numbers() {
        append("<h2>Numbers</h2>%n<div class=\"wide\"><table>%n<tr><th>benchmark</th><th>score</th><th>a second</th>"
                + "</tr>%n");
        for (Measurement measurement : report.measurements()) {
            var secondary = new ArrayList<String>();
            measurement.secondary().forEach((name, score) ->
                    secondary.add(Html.escape(score.unit().isEmpty() ? name + " " + score : score.toString())));
            append("<tr><td>%s</td><td>%s</td><td>%s</td></tr>%n", Html.escape(name(measurement)),
                    Html.escape(measurement.primary().toString()), String.join("<br/>", secondary));
        }
        append("</table></div>%n");
    }

    private static String name(Measurement measurement) {
        return measurement.benchmark() + (measurement.label().isEmpty() ? "" : " (" + measurement.label() + ")");
    }

    /** The class of elements that show a verdict. */
    static String style(Verdict verdict) {
        return switch (verdict) {
            case FASTER -> "faster";
            case SLOWER -> "slower";
            case WITHIN_ERROR, NO_ERROR_BARS -> "bar";
        };
    }

    private static String words(Verdict verdict) {
        return switch (verdict) {
            case FASTER -> "▲ faster";
            case SLOWER -> "▼ slower";
            case WITHIN_ERROR -> "within error";
            case NO_ERROR_BARS -> "no error bars";
        };
    }

    private static String styles() {
        try (InputStream in = ReportPage.class.getResourceAsStream("report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void append(String format, Object... values) {
        html.append(String.format(Locale.ROOT, format, values));
    }
}
