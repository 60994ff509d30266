package org.diffusionclassifier.report.html;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages in a real browser, Chromium without a window; skipped where none is installed. */
class BrowserTest {

    private static final Path PROBE = Path.of("test/resources/report/probe.html");
    private static final Pattern FOUND = Pattern.compile("<pre id=\"found\">(.*)</pre>", Pattern.DOTALL);
    private static final int TELEPHONE = 390;
    private static final int DESKTOP = 1200;
    private static final String DARK = "--blink-settings=preferredColorScheme=0";
    private static final String LIGHT = "--blink-settings=preferredColorScheme=1";

    private static String browser;

    @TempDir
    private Path folder;
    private final Map<String, Page> pages = SamplePages.all();

    /** What a run of the browser left. */
    private record Run(String out, String err) {
    }

    @BeforeAll
    static void findBrowser() {
        browser = Stream.of(System.getenv("PATH").split(File.pathSeparator)).flatMap(directory ->
                Stream.of("chromium", "chromium-browser", "google-chrome").map(name -> Path.of(directory, name)))
                .filter(Files::isExecutable).map(Path::toString).findFirst().orElse(null);
        assumeTrue(browser != null, "no chromium, chromium-browser or google-chrome on the PATH to open pages with");
    }

    @BeforeEach
    void writePages() {
        pages.forEach((name, page) -> page.write(file(name)));
    }

    private Path file(String page) {
        return folder.resolve(page.replace(' ', '-') + ".html");
    }

    /**
     * On a telephone and on a desk, light and dark: nothing is wider than the page, every picture is there, nothing was
     * fetched or run, no text is small, and all of it stands out (WCAG 2.1 AA asks for 4.5).
     */
    @ParameterizedTest
    @ValueSource(strings = {LIGHT, DARK})
    void everyPageIsLegibleAtEveryWidth(String scheme) throws Exception {
        var frames = new StringBuilder();
        for (String page : pages.keySet()) {
            for (int width : new int[] {TELEPHONE, DESKTOP}) {
                frames.append("<iframe data-page=\"%s\" src=\"%s\" width=\"%d\" height=\"800\" frameborder=\"0\">"
                        .formatted(page, file(page).getFileName(), width)).append("</iframe>\n");
            }
        }
        Path probe = Files.writeString(folder.resolve("probe.html"), Files.readString(PROBE).replace("FRAMES", frames));
        Run run = open(probe, scheme, "--allow-file-access-from-files", "--dump-dom");

        List<String> console = run.err.lines().filter(line -> line.contains("CONSOLE")).toList();
        assertEquals(1, console.size(), "of the probe itself: " + console);
        assertTrue(console.get(0).contains("listening"), console.get(0));

        var found = FOUND.matcher(run.out);
        assertTrue(found.find(), run.out);
        JsonNode all = new ObjectMapper().readTree(found.group(1).replace("&lt;", "<").replace("&gt;", ">")
                .replace("&amp;", "&"));
        assertEquals(2 * pages.size(), all.size());
        for (JsonNode page : all) {
            String where = page.get("page").textValue() + " at " + page.get("width") + ", " + scheme;
            assertEquals(page.get("width"), page.get("scrollWidth"), where);
            assertEquals(0, page.get("scripts").intValue() + page.get("handlers").intValue(), where);
            assertEquals(0, page.get("fetched").size(), where + ": " + page.get("fetched"));
            assertEquals(0, page.get("brokenPictures").intValue(), where);
            assertTrue(page.get("texts").intValue() > 10, where);
            assertTrue(page.get("leastHeight").doubleValue() >= 11, where + ": " + page.get("leastHeight"));
            assertTrue(page.get("leastContrast").doubleValue() >= 4.5, where + ": " + page.get("leastContrast"));
            assertTrue(page.get("text").textValue().contains(SamplePages.HOSTILE), where + ": " + page.get("text"));
        }
    }

    @Test
    void followsTheColoursOfTheSystem() throws Exception {
        BufferedImage light = screenshot("classify", LIGHT);
        BufferedImage dark = screenshot("classify", DARK);
        assertEquals(0xFFFFFF, light.getRGB(2, 2) & 0xFFFFFF);
        assertEquals(0x15181D, dark.getRGB(2, 2) & 0xFFFFFF);
        long same = 0;
        for (int y = 0; y < light.getHeight(); y++) {
            for (int x = 0; x < light.getWidth(); x++) {
                same += light.getRGB(x, y) == dark.getRGB(x, y) ? 1 : 0;
            }
        }
        assertTrue(same < 0.5 * light.getWidth() * light.getHeight(), same + " pixels are as bright");
    }

    private BufferedImage screenshot(String page, String scheme) throws Exception {
        Path png = folder.resolve("page.png");
        open(file(page), scheme, "--screenshot=" + png, "--window-size=800,600");
        return ImageIO.read(png.toFile());
    }

    private Run open(Path page, String... more) throws Exception {
        var command = new ArrayList<>(List.of(browser, "--headless", "--no-sandbox", "--disable-gpu",
                "--force-device-scale-factor=1", "--hide-scrollbars",
                "--user-data-dir=" + folder.resolve("profile"), "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"));
        command.addAll(List.of(more));
        command.add(page.toUri().toString());
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        try {
            assertTrue(process.waitFor(2, TimeUnit.MINUTES), () -> "still running: " + read(err));
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), read(err));
        return new Run(read(out), read(err));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
