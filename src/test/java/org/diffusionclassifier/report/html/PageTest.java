package org.diffusionclassifier.report.html;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** Every page as an XML parser sees it: whole, with nothing from elsewhere, and with names as text. */
class PageTest {

    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> pagesAreWholeAndAlone() {
        return SamplePages.all().entrySet().stream().map(page -> dynamicTest(page.getKey(), () -> {
            Document parsed = parse(page.getValue().render());
            assertEquals(List.of(), named(parsed, "script"));
            assertEquals(1, named(parsed, "h1").size());
            String text = parsed.getDocumentElement().getTextContent();
            assertTrue(text.contains(SamplePages.HOSTILE), text);
            assertTrue(text.contains(SamplePages.LONG), text);
            for (Element element : named(parsed, "*")) {
                for (String attribute : List.of("src", "href", "xlink:href", "data", "action", "srcset")) {
                    String value = element.getAttribute(attribute);
                    assertTrue(value.isEmpty() || value.startsWith("data:"), element.getTagName() + " " + attribute);
                }
                assertFalse(element.getAttribute("style").contains("url("), element.getAttribute("style"));
            }
            for (String style : named(parsed, "style").stream().map(Element::getTextContent).toList()) {
                assertFalse(style.contains("url(") || style.contains("@import"), style);
            }
        }));
    }

    /** Whatever the numbers: NaNs are not drawn, and nothing is drawn outside its chart. */
    @TestFactory
    Stream<DynamicTest> chartsStayWithinTheirFrames() {
        return SamplePages.all().entrySet().stream().map(page -> dynamicTest(page.getKey(), () -> {
            for (Element path : named(parse(page.getValue().render()), "path")) {
                String drawn = path.getAttribute("d") + " " + path.getAttribute("transform");
                assertFalse(drawn.contains("NaN") || drawn.contains("Inf"), drawn);
                var numbers = NUMBER.matcher(drawn);
                while (numbers.find()) {
                    double number = Double.parseDouble(numbers.group());
                    assertTrue(number >= -10 && number <= 345, drawn);
                }
            }
        }));
    }

    @Test
    void namesSettingsAndVersions() throws Exception {
        var settings = new TreeMap<>(SamplePages.SETTINGS);
        settings.put("n-samples", "10,50");
        String text = parse(new Page("x").settings(settings).render()).getDocumentElement().getTextContent();
        for (String part : List.of("n-samples", "10,50", "/models/", "Java", Runtime.version().toString(), "commit")) {
            assertTrue(text.contains(part), part + " in " + text);
        }
    }

    @Test
    void tenThousandImagesMakeASmallPage() {
        int length = SamplePages.all().get("evaluate 1000").render().length();
        assertTrue(length < 1_000_000, length + " characters");
    }

    @Test
    void isWrittenWholeAsUtf8() throws IOException {
        Path file = folder.resolve("page.html");
        var page = new Page("Größe 🚋");
        page.write(file);
        assertEquals(page.render(), Files.readString(file, StandardCharsets.UTF_8));
        try (var left = Files.list(folder)) {
            assertEquals(List.of(file), left.toList());
        }
    }

    private static Document parse(String html) throws Exception {
        assertTrue(html.startsWith("<!DOCTYPE html>\n"));
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(html)));
    }

    private static List<Element> named(Document page, String name) {
        var nodes = page.getElementsByTagName(name);
        var elements = new ArrayList<Element>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
