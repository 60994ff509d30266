package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.benchmark.FileServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code benchmark --download} at the command line. A server of this test's is the proxy for http. It answers in the
 * place of the published addresses, and what it has is not what was published.
 */
class BenchmarkDownloadTest {

    @TempDir
    private Path folder;
    private FileServer proxy;

    @BeforeEach
    void start() throws IOException {
        proxy = new FileServer();
        System.setProperty("http.proxyHost", "127.0.0.1");
        System.setProperty("http.proxyPort", Integer.toString(proxy.port()));
    }

    @AfterEach
    void stop() {
        System.clearProperty("http.proxyHost");
        System.clearProperty("http.proxyPort");
        proxy.close();
    }

    private Path data() {
        return folder.resolve("data");
    }

    private CommandLineRun run(String benchmark, Object... more) {
        var words = new ArrayList<Object>(List.of("benchmark", benchmark, "--data", data(), "--out",
                folder.resolve("run"), "--device", "cpu", "--dtype", "f32"));
        words.addAll(List.of(more));
        return CommandLineRun.of(words.toArray());
    }

    private void assertNothingWasWritten() throws IOException {
        assertTrue(Files.notExists(folder.resolve("run")));
        if (Files.exists(data())) {
            try (Stream<Path> files = Files.walk(data())) {
                assertEquals(List.of(), files.filter(Files::isRegularFile).toList());
            }
        }
    }

    @Test
    void nothingIsFetchedUnasked() throws IOException {
        run("food101").refused("--data " + data(), "(for research only); --download fetches it");
        assertEquals(List.of(), proxy.ranges());
        assertTrue(Files.notExists(data()));
    }

    @Test
    void saysWhatItFetchesAndWhyItCannot() throws IOException {
        CommandLineRun run = run("food101", "--download");
        run.refused("http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz: refused with status 404");
        assertEquals("Food-101: 4,996,278,331 bytes from data.vision.ee.ethz.ch (for research only)\n", run.out());
        assertEquals(List.of("none"), proxy.ranges());
        assertNothingWasWritten();
    }

    @Test
    void refusesWhatWasNotPublished() throws IOException {
        proxy.with("/train-images-idx3-ubyte.gz", new byte[10]);
        run("fashion-mnist", "--download").refused("train-images-idx3-ubyte.gz: expected 26421880 bytes, found 10");
        proxy.with("/train-images-idx3-ubyte.gz", new byte[26_421_880]);
        run("fashion-mnist", "--download").refused("expected SHA-256 3aede38d61863908ad78613f6a32ed271626dd12800ba26"
                + "36569512369268a84, found ");
        assertNothingWasWritten();
    }

    @Test
    void saysWhereToAskForTheOthers() throws IOException {
        run("imagenet", "--download").refused("--download: ImageNet has to be asked for, or to be fetched by hand, at "
                + "https://image-net.org/download.php (for research only, on request)");
        run("objectnet", "--download").refused("--download: ObjectNet", "https://objectnet.dev/");
        assertNothingWasWritten();
    }

    @Test
    void runsAtOnceWhereAllIsThere() throws IOException {
        BenchmarkMiniatures.layOut("food101", data());
        CommandLineRun run = run("food101", "--download", "--strategy", "exhaustive", "--n-samples", "1").succeeded();
        assertFalse(run.out().contains("bytes from"), run.out());
        assertEquals(List.of(), proxy.ranges());
    }
}
