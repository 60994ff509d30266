package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs on a cluster of executors that are processes write what one process writes, whatever is killed. The oracle is
 * the plain program; both are started as users do.
 */
class ClusterTest {

    private static final String CLUSTER = "local-cluster[2,1,1024]";
    private static final List<String> SMALL = List.of("--conf", "spark.executor.memory=1024m");

    @TempDir
    private static Path folder;
    private static Path data;
    private static Path expected;
    private Processes.Started last;

    /** Thirty pictures of ten classes, one of them broken, and what one process makes of them. */
    @BeforeAll
    static void classifyOnOneMachine() throws Exception {
        Processes.makeHome();
        data = Files.createDirectory(folder.resolve("data"));
        try (var bundled = BundledModel.open(); Stream<Path> pictures = Files.list(bundled.images())) {
            for (Path picture : pictures.filter(file -> file.toString().endsWith(".png")).toList()) {
                String name = picture.getFileName().toString();
                Path of = Files.createDirectories(data.resolve(name.replaceFirst("-\\d+\\.png", "")));
                Files.copy(picture, of.resolve(name));
            }
        }
        Path broken = data.resolve("coat/coat-0.png");
        Files.write(broken, Arrays.copyOf(Files.readAllBytes(broken), 200));
        expected = folder.resolve("expected");
        Processes.onOneMachine(folder.resolve("expected.log"), words("folder:" + data, expected)).ends(0);
    }

    private static List<String> words(String dataset, Object out, String... more) {
        var words = new ArrayList<>(List.of("evaluate", "--dataset", dataset, "--out", out.toString(), "--exhaustive",
                "--n-samples", "4", "--batch-size", "8", "--device", "cpu:1x1", "--dtype", "f32", "--record",
                out + ".errors", "--report", out + ".html"));
        words.addAll(List.of(more));
        return words;
    }

    @AfterEach
    void stop() {
        if (last != null) {
            last.process().descendants().forEach(ProcessHandle::destroyForcibly);
            last.process().destroyForcibly();
        }
    }

    private Processes.Started submit(String name, List<String> options, List<String> words) throws IOException {
        last = Processes.submitted(folder.resolve(name + ".log"), CLUSTER, Stream.concat(SMALL.stream(),
                options.stream()).toList(), words);
        return last;
    }

    private static long parts(Path run) {
        try (Stream<Path> files = Files.isDirectory(run) ? Files.walk(run) : Stream.empty()) {
            return files.filter(file -> file.getFileName().toString().startsWith("part-")).count();
        } catch (IOException | java.io.UncheckedIOException e) {
            return 0;       // a temporary file went while it was looked at
        }
    }

    private static void assertSame(Path one, Path other) throws IOException {
        assertArrayEquals(Files.readAllBytes(one), Files.readAllBytes(other), one + " and " + other);
    }

    private static void assertSameRun(Path run) throws IOException {
        for (String file : List.of("settings.json", "inputs.json", "results.jsonl", "summary.json")) {
            assertSame(expected.resolve(file), run.resolve(file));
        }
        assertSame(Path.of(expected + ".errors"), Path.of(run + ".errors"));
        assertEquals(page(expected), page(run));
        assertEquals(0, parts(run));
    }

    /** But for when it was written. */
    private static String page(Path run) throws IOException {
        return Files.readString(Path.of(run + ".html")).replaceAll("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ", "");
    }

    /** While both executors are at work, one is killed as by a power failure. An image is of five batches. */
    @ParameterizedTest
    @ValueSource(strings = {"1", "3"})
    void anExecutorIsKilledAndTheBytesAreThoseOfOneProcess(String ranges) throws Exception {
        String name = "executor-" + ranges;
        Path run = folder.resolve(name);
        Processes.Started started = submit(name, List.of(), words("folder:" + data, run, "--ranges", ranges));
        started.until(() -> parts(run) >= 2 && started.executors().size() == 2);
        started.executors().get(0).destroyForcibly();
        String text = started.ends(0);
        assertTrue(text.contains("images by device: ") && text.contains("several 29") == ranges.equals("3"), text);
        assertTrue(text.contains("1 left out"), text);
        assertSameRun(run);
    }

    /** Pictures and results are in another file system: Hadoop's view of two folders. */
    @Test
    void theDriverIsKilledAndStartedAgainOnHadoopsFiles() throws Exception {
        Path runs = Files.createDirectory(folder.resolve("runs"));
        List<String> mounts = List.of(
                "--conf", "spark.hadoop.fs.viewfs.mounttable.test.link./data=" + data.toUri(),
                "--conf", "spark.hadoop.fs.viewfs.mounttable.test.link./runs=" + runs.toUri());
        List<String> words = words("folder:viewfs://test/data", "viewfs://test/runs/driver", "--ranges", "2");
        Path run = runs.resolve("driver");
        Processes.Started first = submit("driver-1", mounts, words);
        first.until(() -> parts(run) >= 3);
        List<ProcessHandle> executors = first.executors();
        first.process().destroyForcibly().waitFor();
        for (ProcessHandle executor : executors) {      // they notice
            executor.onExit().get(1, TimeUnit.MINUTES);
        }
        assertFalse(Files.exists(run.resolve("summary.json")));
        String text = submit("driver-2", mounts, words).ends(0);
        assertTrue(text.matches("(?s).*images by device: [^\n]*earlier [1-9].*"), text);
        assertEquals(results(expected).replace(data.toString(), "viewfs://test/data"), results(run));
        assertTrue(Files.exists(run.resolve("summary.json")));
        assertTrue(Files.exists(Path.of(run + ".errors")) && Files.exists(Path.of(run + ".html")));
        assertEquals(0, parts(run));
    }

    private static String results(Path run) throws IOException {
        return Files.readString(run.resolve("results.jsonl"));
    }

    /** On the cluster of a master and two workers that the script starts, and stops when it is told to. */
    @Test
    void aBrokenPictureEndsARunThatFailsFast() throws Exception {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Processes.Started cluster = Processes.standalone(folder.resolve("standalone.log"), port);
        List<ProcessHandle> processes = List.of();
        try {
            cluster.until(() -> cluster.text().contains("--master spark://127.0.0.1:" + port));
            processes = cluster.process().children().toList();
            last = Processes.submitted(folder.resolve("fast.log"), "spark://127.0.0.1:" + port, SMALL,
                    words("folder:" + data, folder.resolve("fast"), "--fail-fast"));
            String text = last.ends(2);
            assertTrue(text.lines().anyMatch(line -> line.startsWith("diffusion-classifier: " + data
                    + "/coat/coat-0.png: broken image: ") && line.contains(", on ")), text);
        } finally {
            cluster.process().destroy();
        }
        assertEquals(3, processes.size());
        for (ProcessHandle process : processes) {
            process.onExit().get(1, TimeUnit.MINUTES);
        }
    }
}
