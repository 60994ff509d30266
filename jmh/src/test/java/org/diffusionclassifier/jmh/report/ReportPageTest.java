package org.diffusionclassifier.jmh.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** The page as an XML parser sees it: whole, with everything in it, and with nothing from elsewhere. */
class ReportPageTest {

    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

    @Test
    void hasABarForEachHeadlineAndARowForEachMeasurement() throws Exception {
        Report report = Results.recorded();
        Document page = parse(report, null);
        assertEquals(4, bars(page).size());
        assertEquals(3, withClass(page, "path", "error").size(), "the layer norm has no error bar");
        assertEquals(0, withClass(page, "path", "before").size());
        assertEquals(1, named(page, "h1").size());
        String text = page.getDocumentElement().getTextContent();
        for (String named : List.of("a processor", report.commit(), report.date(), report.jdk(), "Straßenbahn",
                "linearEfficiency", "gemmGFLOP/s")) {
            assertTrue(text.contains(named), named);
        }
    }

    @Test
    void flagsWhatMoved() throws Exception {
        Report before = Results.of(Results.result("Up", "thrpt", 100, 1), Results.result("Down", "thrpt", 100, 1),
                Results.result("Still", "thrpt", 100, 1));
        Report now = Results.of(Results.result("Still", "thrpt", 101, 1), Results.result("Up", "thrpt", 200, 1),
                Results.result("Down", "thrpt", 50, 1));
        Document page = parse(now, Comparison.of(before, now));
        assertEquals(1, withClass(page, "tr", "faster").size());
        assertEquals(1, withClass(page, "tr", "slower").size());
        assertTrue(withClass(page, "tr", "faster").get(0).getTextContent().startsWith("▲ faster2.000Up (n 1)"));
        assertEquals(1, withClass(page, "rect", "faster").size());
        assertEquals(3, withClass(page, "path", "before").size());
        assertFalse(page.getDocumentElement().getTextContent().contains("another machine"));
    }

    @Test
    void saysThatTheBaselineIsOfAnotherMachine() throws Exception {
        Report now = Results.of(Results.result("X", "thrpt", 1, 0));
        var other = new Report(now.date(), now.commit(), new Machine("another", 64, 512, "Linux", null, 0), now.results());
        assertTrue(parse(now, Comparison.of(other, now)).getDocumentElement().getTextContent().contains("another machine"));
    }

    @Test
    void takesNothingFromElsewhere() throws Exception {
        Report report = Results.recorded();
        var page = new ReportPage(report, Comparison.of(report, report));
        for (String outside : List.of("http:", "https:", "//", "url(", "@import", "<script", "<link", "<img", "<iframe")) {
            assertFalse(page.render().contains(outside), outside);
        }
        for (Element element : named(parse(report, null), "*")) {
            for (String attribute : List.of("src", "href", "xlink:href", "data", "action", "onload")) {
                assertFalse(element.hasAttribute(attribute), element.getTagName() + " " + attribute);
            }
        }
    }

    @Test
    void quotesWhatBenchmarksAreCalled() throws Exception {
        String hostile = Results.result("X", "thrpt", 1, 0)
                .replace("\"n\": \"1\"", "\"n\": \"</title><script>alert(1)</script>&amp; \\\" \\u0000\\ud83d 100%s\"");
        Document page = parse(Results.of(hostile), null);
        assertEquals(0, named(page, "script").size());
        assertTrue(page.getDocumentElement().getTextContent().contains("n </title><script>alert(1)</script>&amp; \" ?? 100%s"));
    }

    @Test
    void drawsWithinTheChartWhateverTheNumbers() throws Exception {
        Report report = Results.of(Results.result("Zero", "thrpt", 0, 0), Results.result("Wide", "thrpt", 1, 1e6),
                Results.result("Tiny", "thrpt", 1e-300, Double.NaN), Results.result("Huge", "thrpt", 1e300, 1e299));
        Report before = Results.of(Results.result("Zero", "thrpt", 5, 0), Results.result("Huge", "thrpt", 0, 0));
        Document page = parse(report, Comparison.of(before, report));
        for (Element bar : bars(page)) {
            double width = Double.parseDouble(bar.getAttribute("width"));
            assertTrue(width >= 0 && width <= 190, bar.getAttribute("width"));
        }
        for (Element path : named(page, "path")) {
            var numbers = NUMBER.matcher(path.getAttribute("d"));
            assertTrue(numbers.find(), path.getAttribute("d"));
            do {
                double number = Double.parseDouble(numbers.group());
                assertTrue(number >= 0 && number <= 340, path.getAttribute("d"));
            } while (numbers.find());
            assertFalse(path.getAttribute("d").matches(".*(NaN|Inf).*"));
        }
    }

    @Test
    void shortensLongLabelsBetweenCharacters() throws Exception {
        String caption = "🚋".repeat(100);
        Document page = parse(Results.of(Results.result("X", "thrpt", 1, 0).replace("\"1\"", '"' + caption + '"')), null);
        Element label = (Element) named(page, "g").get(0).getElementsByTagName("text").item(0);
        assertEquals("n " + "🚋".repeat(53) + "…", label.getTextContent());
        assertTrue(named(page, "g").get(0).getElementsByTagName("title").item(0).getTextContent().contains(caption));
    }

    @Test
    void anEmptyReportIsAPage() throws Exception {
        assertEquals(0, bars(parse(Results.of(), null)).size());
    }

    private static Document parse(Report report, Comparison comparison) throws Exception {
        String html = new ReportPage(report, comparison).render();
        assertTrue(html.startsWith("<!DOCTYPE html>\n"));
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(html)));
    }

    private static List<Element> bars(Document page) {
        return named(page, "rect");
    }

    private static List<Element> withClass(Document page, String name, String wanted) {
        return named(page, name).stream().filter(e -> Set.of(e.getAttribute("class").split(" ")).contains(wanted)).toList();
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
