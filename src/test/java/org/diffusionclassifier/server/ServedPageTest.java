package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser, by mouse and by keyboard, at 390 and 1200 pixels, light and dark. Nothing may leave the
 * machine and nothing may be said on the console. {@code -Dscreenshots=FOLDER} keeps pictures of it.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class ServedPageTest {

    /** What reports are looked at with, here with the page itself in the place of a frame. */
    private static final Path PROBE = Path.of("test/resources/report/probe.html");

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path folder;
    private DevTools browser;
    private ServedModel served;

    @BeforeEach
    void open() throws Exception {
        browser = new DevTools(Files.createDirectory(folder.resolve("profile")));
        served = ServedModel.open();
        browser.show(1200, false);
        browser.call("Page.navigate", Map.of("url", served.url()));
        browser.await("document.querySelector('#bundled button')");
    }

    @AfterEach
    void close() throws Exception {
        if (served == null) {
            return;     // skipped
        }
        List<String> elsewhere = browser.requests().stream().filter(url -> !url.startsWith(served.url())
                && !url.startsWith("blob:" + served.url()) && !url.startsWith("data:")).toList();
        List<String> complaints = List.copyOf(browser.complaints());
        browser.close();
        served.close();
        assertEquals(List.of(), elsewhere);
        assertEquals(List.of(), complaints);
    }

    private Path picture(String name) throws Exception {
        return Files.write(folder.resolve(name), ServedModel.picture(name));
    }

    private void keep(String name) throws Exception {
        String to = System.getProperty("screenshots");
        if (to != null) {
            browser.screenshot(Files.createDirectories(Path.of(to)).resolve(name + ".png"));
        }
    }

    /** Text that is large enough and stands out (WCAG 2.1 AA), and nothing wider than the page. */
    private void requireLegible(String what) throws Exception {
        String probe = Files.readString(PROBE);
        String look = probe.substring(probe.indexOf("function colour"), probe.indexOf("window.onload"));
        for (int width : new int[] {390, 1200}) {
            for (boolean dark : new boolean[] {false, true}) {
                browser.show(width, dark);
                String where = what + " at " + width + (dark ? ", dark" : ", light");
                JsonNode found = browser.evaluate("(() => {" + look + "return look({contentDocument: document,"
                        + "contentWindow: window, dataset: {}, clientWidth: innerWidth}); })()");
                assertEquals(width, found.get("scrollWidth").intValue(), where + ": " + found);
                assertTrue(found.get("texts").intValue() > 10, where);
                assertTrue(found.get("leastHeight").doubleValue() >= 11, where + ": " + found);
                assertTrue(found.get("leastContrast").doubleValue() >= 4.5, where + ": " + found);
                keep(what + "-" + width + (dark ? "-dark" : "-light"));
            }
        }
        browser.show(1200, false);
    }

    /** What a screen reader announces of everything that takes part: none without a name. */
    private void requireNames() {
        var of = Set.of("button", "textbox", "radio", "tab", "combobox", "spinbutton", "image", "tabpanel");
        int named = 0;
        for (JsonNode node : browser.call("Accessibility.getFullAXTree", Map.of()).get("nodes")) {
            if (!node.get("ignored").booleanValue() && of.contains(node.at("/role/value").textValue())) {
                assertFalse(node.at("/name/value").asText().isBlank(), node.toString());
                named++;
            }
        }
        assertTrue(named >= 8, named + " named");
    }

    /** Drop, type, watch the bars move, stop, see the answer so far; then another picture to its end. */
    @Test
    void dropTypeWatchStop() throws Exception {
        requireLegible("start");
        requireNames();
        browser.drop("#drop", picture("sneaker-0.png"));
        browser.await("document.querySelectorAll('#chosen li').length === 1");
        browser.click("input[value=classes]");
        browser.click("#classes");
        browser.type("sneaker\nankle boot\nbag");
        browser.click("details summary:not(#bundled summary)");
        browser.evaluate("document.querySelector('#strategy').value = 'exhaustive';"
                + "document.querySelector('#strategy').dispatchEvent(new Event('change'));"
                + "document.querySelector('#trials').value = '1000'");
        browser.click("#go");
        browser.await("document.querySelector('article .row')");
        browser.evaluate("document.querySelector('article .buttons button').click()");
        browser.await("document.querySelector('article .headline')");
        String answer = browser.evaluate("document.querySelector('article .state').textContent").textValue();
        assertTrue(answer.endsWith("%, stopped"), answer);

        browser.evaluate("document.querySelector('#strategy').value = 'race';"
                + "document.querySelector('#strategy').dispatchEvent(new Event('change'));"
                + "document.querySelector('#confidence').value = '0.9999';"
                + "document.querySelector('#trials').value = '100'");
        browser.evaluate("""
                (() => {                            // a picture from the clipboard
                  const data = new DataTransfer();
                  return fetch('pictures/shirt-0.png').then(answer => answer.blob()).then(blob => {
                    data.items.add(new File([blob], 'pasted.png', { type: 'image/png' }));
                    window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
                  });
                })()""");
        browser.await("document.querySelectorAll('#chosen li').length === 1");
        browser.click("input[value=own]");
        browser.evaluate("window.widths = new Set(); window.pairs = new Set();"
                + "new MutationObserver(() => { const card = document.querySelector('article');"
                + "widths.add(card.querySelector('.row:nth-child(2) .whisker')?.style.width);"
                + "pairs.add(card.querySelector('.note')?.textContent); }).observe(document.querySelector('#results'),"
                + "{subtree: true, childList: true, characterData: true, attributes: true}); 1");
        browser.click("#go");
        browser.await("document.querySelectorAll('article').length === 2"
                + " && document.querySelector('article:first-child .headline')");
        assertTrue(browser.evaluate("widths.size").intValue() > 2, "intervals that narrow");
        assertTrue(browser.evaluate("pairs.size").intValue() > 2, "pairs that rise");
        assertTrue(browser.evaluate("document.querySelectorAll('article:first-child .row.dropped').length").intValue()
                >= 1);
        assertEquals(10, browser.evaluate("document.querySelectorAll('article:first-child .row').length").intValue());
        assertEquals(2, browser.evaluate("document.querySelectorAll('article:first-child figure').length").intValue());
        requireLegible("answer");
        requireNames();
        savesFiles();
    }

    private void savesFiles() {
        browser.evaluate("window.saved = []; URL.createObjectURL = blob => { saved.push(blob); return '#'; };"
                + "HTMLAnchorElement.prototype.click = () => {}; 1");
        browser.evaluate("[...document.querySelectorAll('#saving button, article:first-child .buttons button')]"
                + ".forEach(button => button.click())");
        JsonNode texts = browser.evaluate("Promise.all(saved.map(blob => blob.text()))");
        assertEquals(5, texts.size());
        assertEquals(2, ServedModel.json(texts.get(0).textValue()).size(), "all results");
        assertEquals(1 + 3 + 10, texts.get(1).textValue().lines().count());
        assertTrue(texts.get(2).textValue().startsWith("<!DOCTYPE html>"), "the report of the first");
        assertTrue(texts.get(2).textValue().contains("pasted.png"));
        assertEquals("pasted.png", ServedModel.json(texts.get(3).textValue()).at("/answer/image").textValue());
        assertEquals(11, texts.get(4).textValue().lines().count());
    }

    /** From the first Tab to the answer without a mouse, and the arrow keys between the tabs. */
    @Test
    void keyboardAlone() throws Exception {
        var reached = new HashSet<String>();
        tabTo("document.activeElement.tagName === 'SUMMARY' && document.activeElement.parentElement.id === 'bundled'",
                reached);
        browser.press("Enter", 13, "\r");
        tabTo("document.activeElement.title === 'bag-0.png'", reached);
        browser.press("Enter", 13, "\r");
        browser.await("document.querySelectorAll('#chosen li').length === 1");
        tabTo("document.activeElement.id === 'go'", reached);
        browser.press("Enter", 13, "\r");
        browser.await("document.querySelector('article .headline')");
        assertTrue(browser.evaluate("document.querySelector('.headline').textContent").textValue().startsWith("bag, "));
        assertTrue(reached.contains("pictures") && reached.contains("go"), reached.toString());

        browser.evaluate("document.querySelector('#tab-classify').focus()");
        browser.press("ArrowRight", 39, "");
        assertEquals("tab-match", browser.evaluate("document.activeElement.id").textValue());
        assertFalse(browser.evaluate("document.querySelector('#match').hidden").booleanValue());
        browser.press("ArrowLeft", 37, "");
        assertFalse(browser.evaluate("document.querySelector('#classify').hidden").booleanValue());
    }

    private void tabTo(String there, Set<String> reached) {
        for (int i = 0; i < 80; i++) {
            browser.press("Tab", 9, "");
            reached.add(browser.evaluate("document.activeElement.id").asText());
            if (browser.evaluate(there).booleanValue()) {
                return;
            }
        }
        throw new AssertionError("not reached by Tab: " + there);
    }

    @Test
    void matchesTwoPicturesWithTwoCaptions() throws Exception {
        browser.click("#tab-match");
        browser.choose("#match .columns > div:first-child input[type=file]", picture("bag-0.png"));
        browser.choose("#match .columns > div:last-child input[type=file]", picture("coat-0.png"));
        browser.click("#match .columns > div:first-child .caption");
        browser.type("a photo of a bag.");
        browser.click("#match .columns > div:last-child .caption");
        browser.type("a photo of a coat.");
        browser.click("#match button.main");
        browser.await("document.querySelector('#match .answer table')");
        assertEquals(4, browser.evaluate("document.querySelectorAll('#match .answer td').length").intValue());
        requireLegible("match");
        requireNames();
    }

    @Test
    void findsABoxThatWasDrawn() throws Exception {
        browser.click("#tab-refer");
        browser.choose("#refer input[type=file]", picture("sneaker-0.png"));
        browser.await("document.querySelector('#refer .canvas img').naturalWidth === 28");
        double[] middle = browser.middle("#refer .canvas");
        for (int side : new int[] {-1, 1}) {
            browser.mouse("mousePressed", middle[0] + side * 80, middle[1] + side * 80);
            browser.mouse("mouseMoved", middle[0] + side * 20, middle[1] + side * 20);
            browser.mouse("mouseReleased", middle[0] + side * 20, middle[1] + side * 20);
        }
        browser.await("document.querySelectorAll('#refer .boxes li').length === 2");
        browser.click("#refer .caption");
        browser.type("a sneaker");
        browser.click("#refer button.main");
        browser.await("document.querySelector('#refer .answer table')");
        assertEquals(2, browser.evaluate("document.querySelectorAll('#refer .answer tr').length").intValue());
        requireLegible("refer");
        requireNames();
    }
}
