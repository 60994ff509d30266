package org.diffusionclassifier.benchmark;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.diffusionclassifier.download.PublicFile;
import org.diffusionclassifier.download.Retries;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads of data sets from a server of this test's, which misbehaves when told to. */
class DataDownloadTest {

    private static final Retries THREE = new Retries(3, Duration.ofMillis(1), Duration.ofSeconds(1), wait -> { });

    @TempDir
    private Path folder;
    private FileServer server;
    private final AtomicLong arrived = new AtomicLong();

    @BeforeEach
    void start() throws IOException {
        server = new FileServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Path data() {
        return folder.resolve("data");
    }

    private static String hash(String algorithm, byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private DataDownload.Part part(String path, byte[] published, String file) {
        return new DataDownload.Part(new PublicFile(URI.create(server.url() + path), published.length,
                hash("SHA-256", published)), file);
    }

    private DataDownload download(String benchmark, DataDownload.Part... parts) {
        return new DataDownload(Benchmarks.of(benchmark), data(), List.of(parts), THREE);
    }

    private DataDownload food(byte[] published) {
        return download("food101", part("/food-101.tar.gz", published, "food-101.tar.gz"));
    }

    private void run(DataDownload download) {
        download.run(arrived::addAndGet);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.walk(data())) {
            return files.filter(Files::isRegularFile).map(file -> data().relativize(file).toString()).sorted().toList();
        }
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** The archive is read as it is. */
    @Test
    void fetchesAnArchive() throws IOException {
        byte[] archive = random(5000);
        server.with("/food-101.tar.gz", archive);
        DataDownload download = food(archive);
        assertEquals("Food-101: %,d bytes from 127.0.0.1 (for research only)".formatted(archive.length),
                download.terms());
        run(download);
        assertEquals(List.of("food-101.tar.gz"), files());
        assertArrayEquals(archive, Files.readAllBytes(data().resolve("food-101.tar.gz")));
        assertEquals(archive.length, arrived.get());
        assertEquals(0, food(archive).bytes());
    }

    @Test
    void checksMd5WhereThatWasPublished() throws IOException {
        byte[] archive = random(5000);
        server.with("/a.zip", archive);
        run(download("eurosat", new DataDownload.Part(new PublicFile(URI.create(server.url() + "/a.zip"), 5000,
                hash("MD5", archive)), "EuroSAT.zip")));
        assertEquals(List.of("EuroSAT.zip"), files());
    }

    /** The connection breaks twice; each time the rest is asked for. */
    @Test
    void goesOnWhereItBroke() throws IOException {
        byte[] archive = random(100_000);
        server.with("/food-101.tar.gz", archive).breakAfter(30_000, 20_000);
        run(food(archive));
        assertArrayEquals(archive, Files.readAllBytes(data().resolve("food-101.tar.gz")));
        assertEquals(3, server.ranges().size());
        assertEquals("none", server.ranges().get(0));
        assertTrue(server.ranges().get(2).matches("bytes=[1-9]\\d*-"), server.ranges().toString());
        assertEquals(archive.length, arrived.get());
    }

    /** What an earlier process left is not fetched again. */
    @Test
    void goesOnAfterAnotherProcess() throws IOException {
        byte[] archive = random(100_000);
        server.with("/food-101.tar.gz", archive);
        Files.createDirectories(data());
        Files.write(data().resolve("food-101.tar.gz.part"), Arrays.copyOf(archive, 60_000));
        run(food(archive));
        assertEquals(List.of("bytes=60000-"), server.ranges());
        assertEquals(List.of("food-101.tar.gz"), files());
        assertArrayEquals(archive, Files.readAllBytes(data().resolve("food-101.tar.gz")));
        assertEquals(archive.length, arrived.get());
    }

    /** A server without ranges sends all, and a damaged beginning is found by the hash: both times all comes again. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void beginsAnewWhereItMust(boolean ranges) throws IOException {
        byte[] archive = random(100_000);
        server.with("/food-101.tar.gz", archive).ranges(ranges);
        Files.createDirectories(data());
        Files.write(data().resolve("food-101.tar.gz.part"), new byte[60_000]);
        run(food(archive));
        assertArrayEquals(archive, Files.readAllBytes(data().resolve("food-101.tar.gz")));
        assertEquals(ranges ? List.of("bytes=60000-", "none") : List.of("bytes=60000-"), server.ranges());
        assertEquals(archive.length, arrived.get());
    }

    @Test
    void refusesAnotherContent() throws IOException {
        byte[] published = random(1000);
        byte[] other = published.clone();
        other[500]++;
        server.with("/food-101.tar.gz", other);
        assertEquals(server.url() + "/food-101.tar.gz: expected SHA-256 " + hash("SHA-256", published) + ", found "
                + hash("SHA-256", other), inputError(() -> run(food(published))));
        assertEquals(List.of(), files());
        assertEquals(0, arrived.get());
    }

    /** A page in the place of the file, of which nothing is kept. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 999, 1001, 5000})
    void refusesAnotherSize(int length) throws IOException {
        server.with("/food-101.tar.gz", random(length));
        assertEquals(server.url() + "/food-101.tar.gz: expected 1000 bytes, found " + length,
                inputError(() -> run(food(random(1000)))));
        assertEquals(List.of(), files());
    }

    @Test
    void refusesWhatIsNotThere() throws IOException {
        assertEquals(server.url() + "/food-101.tar.gz: refused with status 404",
                inputError(() -> run(food(random(10)))));
        assertEquals(List.of(), files());
        assertEquals(1, server.ranges().size());
    }

    /** Three attempts; what arrived stays as a part. */
    @Test
    void givesUpAfterSomeAttempts() throws IOException {
        server.with("/food-101.tar.gz", random(100_000)).status(503, 503, 503);
        assertEquals(server.url() + "/food-101.tar.gz: 127.0.0.1 answered with status 503, tried 3 times",
                inputError(() -> run(food(random(100_000)))));
        assertEquals(List.of(), files());
    }

    @Test
    void followsARedirect() throws IOException {
        byte[] archive = random(1000);
        server.with("/moved", archive).redirect("/food-101.tar.gz", "/moved");
        run(food(archive));
        assertEquals(List.of("food-101.tar.gz"), files());
    }

    @Test
    void leavesAnotherProcessAlone() throws IOException {
        Files.createDirectories(data());
        Path part = data().resolve("food-101.tar.gz.part");
        try (var channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            assertTrue(lock.isValid());
            assertEquals(part + ": another process is fetching " + server.url() + "/food-101.tar.gz",
                    inputError(() -> run(food(random(10)))));
            assertTrue(Files.exists(part));
        }
    }

    @Test
    void refusesAFullDisk() {
        var huge = new DataDownload.Part(new PublicFile(URI.create(server.url() + "/huge"), 1L << 60,
                "0".repeat(64)), "huge");
        assertTrue(inputError(() -> run(download("food101", huge)))
                .startsWith(data() + ": expected " + (1L << 60) + " bytes free, found "));
        assertEquals(List.of(), server.ranges());
    }

    /** Each is fetched where it is missing. */
    @Test
    void fetchesWhatIsMissingOfSeveralFiles() throws IOException {
        byte[] images = random(300);
        byte[] annotations = random(200);
        server.with("/i", images).with("/a", annotations);
        DataDownload.Part[] parts = {part("/i", images, "oxford-iiit-pet/images.tar.gz"),
            part("/a", annotations, "oxford-iiit-pet/annotations.tar.gz")};
        run(download("pets", parts));
        assertEquals(List.of("oxford-iiit-pet/annotations.tar.gz", "oxford-iiit-pet/images.tar.gz"), files());
        assertEquals(0, download("pets", parts).bytes());
        Files.delete(data().resolve("oxford-iiit-pet/annotations.tar.gz"));
        assertEquals(annotations.length, download("pets", parts).bytes());
    }

    /** A data set in a layout of its owner's. */
    @Test
    void leavesWhatIsThereAlone() throws IOException {
        Files.createDirectories(data().resolve("meta"));
        assertEquals(0, food(random(10)).bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"imagenet", "objectnet", "imagenet-sketch", "winoground", "refcoco", "refcoco+",
            "refcocog", "sugarcrepe", "aro-relation", "aro-attribution"})
    void saysWhereToAskForTheOthers(String name) {
        Benchmark benchmark = Benchmarks.of(name);
        assertFalse(DataDownload.isPossible(name));
        assertEquals("download: " + benchmark.title() + " has to be asked for, or to be fetched by hand, at "
                + benchmark.layout().page() + " (" + benchmark.layout().licence() + ")",
                inputError(() -> DataDownload.of(benchmark, data())));
    }

    /** Where the benchmark looks for it is where it goes, and the marker that shows it is not all that is checked. */
    @Test
    void everyFileGoesWhereItsBenchmarkLooks() {
        for (Benchmark benchmark : Benchmarks.all()) {
            List<DataDownload.Part> parts = DataDownload.parts(benchmark.name());
            for (DataDownload.Part part : parts) {
                assertTrue(part.source().bytes() > 0, part.file());
                String first = part.file().split("/")[0];
                assertTrue(benchmark.layout().archives().contains(part.file())
                        || benchmark.layout().folders().stream().anyMatch(known -> part.file().startsWith(known + "/")),
                        first);
                assertTrue(part.source().address().getScheme().matches("https?"), part.file());
            }
            assertEquals(parts.size(), parts.stream().map(DataDownload.Part::file).distinct().count());
        }
        assertEquals(4, DataDownload.parts("mnist").size());
    }

    @Test
    void refusesWhatIsNoHash() {
        assertEquals("hash: expected SHA-256 or MD5 in lower-case hexadecimal digits, found \"abc\"",
                inputError(() -> new PublicFile(URI.create("http://a/b"), 1, "abc")));
    }

    @Test
    void aMissingDataSetSaysThatItCanBeFetched() {
        Benchmark mnist = Benchmarks.of("mnist");
        assertTrue(inputError(() -> mnist.open((Task.ClassTask) mnist.task(), data(), "test"))
                .endsWith("(no licence stated); download fetches it"));
        Benchmark imageNet = Benchmarks.of("imagenet");
        assertTrue(inputError(() -> imageNet.open((Task.ClassTask) imageNet.task(), data(), "val"))
                .endsWith("(for research only, on request)"));
    }
}
