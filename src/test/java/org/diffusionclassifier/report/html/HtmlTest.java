package org.diffusionclassifier.report.html;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;

/** {@link Html}: what is text stays text. */
class HtmlTest {

    @Test
    void escapesAllButMarkup() {
        assertEquals("<b title=\"&quot;a&quot;\">&lt;i&gt; &amp; ' 100%s</b>",
                Html.of("<b title=\"%s\">%s</b>", "\"a\"", "<i> & ' 100%s").markup());
        assertEquals("<p><b>&lt;</b></p>", Html.of("<p>%s</p>", Html.of("<b>%s</b>", '<')).markup());
        assertEquals("null", Html.of("%s", (Object) null).markup());
    }

    @Test
    void whatXmlCannotHoldIsAQuestionMark() {
        assertEquals("a??b?🚋", Html.of("%s", "a\u0000\u001bb\ud83d🚋").markup());
    }

    @Test
    void numbersAreThoseOfNoCountry() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertEquals("0.50 1000", Html.of("%.2f %d", 0.5, 1000).markup());
        } finally {
            Locale.setDefault(before);
        }
    }
}
