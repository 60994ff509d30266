package org.diffusionclassifier.report.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.report.Build;

/**
 * A report as one page of HTML, which is XML as well. It has no scripts and contains everything that it shows, pictures
 * included. Its content security policy forbids a browser to fetch or run anything. It is light or dark as the reader's
 * system is, and laid out for a telephone first.
 */
public final class Page {

    private static final String SKELETON = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy"
                content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <link rel="icon" href="data:,"/>
            <title>%s</title>
            <style>
            %s</style>
            </head>
            <body>
            <h1>%s</h1>
            %s
            </body>
            </html>
            """;

    private static final int MOST_FAILURES = 100;

    private final String title;
    private final List<Html> parts = new ArrayList<>();

    Page(String title) {
        this.title = title;
    }

    Page add(Html part) {
        parts.add(part);
        return this;
    }

    /** A heading and what belongs under it. */
    Page section(String heading, Html... content) {
        return add(Html.of("<section><h2>%s</h2>%n%s%n</section>", heading, Html.join(content)));
    }

    /** A section on what was left out because of its picture, where there is any: a line each. */
    Page failures(List<String> reasons) {
        return reasons.isEmpty() ? this : section("Left out, because the picture cannot be read: " + reasons.size(),
                Html.of("<ul>%n%s%n</ul>", Html.join(reasons.stream().limit(MOST_FAILURES)
                        .map(reason -> Html.of("<li>%s</li>", reason)).toList())));
    }

    /**
     * The last section: the settings and versions behind the results.
     *
     * @param settings what the results depend on, by name
     */
    Page settings(SortedMap<String, String> settings) {
        Map<String, String> rows = new LinkedHashMap<>(settings);
        rows.put("diffusion-classifier", Build.version() + ", commit " + Build.commit());
        rows.put("Java", Runtime.version() + ", " + System.getProperty("java.vm.name"));
        rows.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch"));
        rows.put("written", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        return section("Settings and versions", Html.of("<table class=\"settings\">%n%s%n</table>",
                Html.join(rows.entrySet().stream()
                        .map(row -> Html.of("<tr><th>%s</th><td>%s</td></tr>", row.getKey(), row.getValue())).toList())));
    }

    /** @throws org.diffusionclassifier.tensor.InputException if the file cannot be written */
    public void write(Path file) {
        AtomicFile.write(file, out -> out.write(render().getBytes(StandardCharsets.UTF_8)));
    }

    /** The whole page, to be sent or kept rather than written. */
    public String render() {
        return Html.of(SKELETON, title, new Html(styles()), title, Html.join(parts)).markup();
    }

    /** What pages look like, as CSS. */
    public static String styles() {
        try (InputStream in = Page.class.getResourceAsStream("page.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
