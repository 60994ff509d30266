package org.diffusionclassifier.report.html;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Markup that is safe to give to a browser. It comes into being in two ways: from a template of ours, which takes
 * everything but markup as text, and by joining existing markup. Names and captions thus stay text, whatever they
 * contain.
 *
 * @param markup well-formed XML, as HTML understands it, too
 */
public record Html(String markup) {

    static final Html NOTHING = new Html("");

    /**
     * Fills a template as {@link String#format} does, independently of the locale.
     *
     * @param template markup; attributes in double quotes
     * @param values   {@link Html} goes in as it is, a number by its format, anything else as text
     */
    static Html of(String template, Object... values) {
        return new Html(String.format(Locale.ROOT, template, Arrays.stream(values)
                .map(value -> value instanceof Html html ? html.markup : value instanceof Number ? value
                        : escape(String.valueOf(value))).toArray()));
    }

    static Html join(Collection<Html> parts) {
        return new Html(parts.stream().map(Html::markup).collect(Collectors.joining("\n")));
    }

    static Html join(Html... parts) {
        return join(Arrays.asList(parts));
    }

    /** As text within an element or a quoted attribute. Characters that XML cannot hold become question marks. */
    public static String escape(String text) {
        var escaped = new StringBuilder();
        String.valueOf(text).codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                default -> escaped.appendCodePoint(Character.isISOControl(c) || !Character.isDefined(c)
                        || Character.getType(c) == Character.SURROGATE ? '?' : c);
            }
        });
        return escaped.toString();
    }
}
