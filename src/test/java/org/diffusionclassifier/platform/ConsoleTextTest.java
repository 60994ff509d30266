package org.diffusionclassifier.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Consoles of other encodings: Windows' of Western Europe and of the United States, and one of ASCII. */
class ConsoleTextTest {

    private static final String LINE = "✓ été ██▌ 0.1 ± 0.2 … 3×4";

    @Test
    void unicodeStays() {
        assertEquals(LINE + "\ud83d\udc1f", printed(LINE + "\ud83d\udc1f", StandardCharsets.UTF_8));
    }

    @Test
    void barsAndMarksBecomeAscii() {
        assertEquals("+ ?t? ### 0.1 +- 0.2 ... 3x4", printed(LINE, StandardCharsets.US_ASCII));
        assertEquals("+ été ### 0.1 ± 0.2 … 3×4", printed(LINE, Charset.forName("windows-1252")));
    }

    /** Code page 437 has the full block and the half one, and no eighths. */
    @Test
    void aBarIsOfOneKindOfLetters() {
        assertEquals("##  ##", printed("█▋▎ ██", Charset.forName("IBM437")));
        assertEquals("- été ± ...", printed("✗ été ± …", Charset.forName("IBM437")));
    }

    private static String printed(String text, Charset charset) {
        var bytes = new ByteArrayOutputStream();
        var out = ConsoleText.to(bytes, charset);
        out.print(text.charAt(0));
        out.print(text.substring(1).toCharArray());
        out.flush();
        return bytes.toString(charset);
    }
}
