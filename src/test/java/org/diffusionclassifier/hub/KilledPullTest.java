package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Pulls in processes of their own: killed at any moment, and two at once. */
class KilledPullTest {

    private static final int BYTES = 2_000_000;
    private static final List<String> PATHS = List.of("model_index.json", "unet/weights.safetensors",
            "vae/weights.safetensors");

    @TempDir
    Path cache;

    private HubServer server;

    @BeforeEach
    void start() {
        server = new HubServer().with(PATHS.get(0), random(100_000), false).with(PATHS.get(1), random(BYTES), true)
                .with(PATHS.get(2), random(BYTES / 4), true);
        server.millisecondsPerChunk = 1;
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private Path model() {
        return cache.resolve("models--org--model");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5_000, 90_000, 150_000, 400_000, 800_000, 1_200_000, 1_800_000, 2_400_000, 2_600_000})
    void goesOnWhereItWasKilled(int bytes) throws Exception {
        Process process = PullProcess.start(server, cache);
        while (server.served() < bytes) {
            assertTrue(process.isAlive(), "ended by itself");
            HubServer.pause(1);
        }
        process.destroyForcibly().waitFor();
        HubServer.pause(50);    // for the server to notice
        long kept = kept();
        long before = server.served();
        assertWholeUnderFinalNames();
        Path snapshot = PullProcess.all(server.settings(cache), PullListener.NONE);
        assertEquals(server.total() - kept, server.served() - before);
        for (String path : PATHS) {
            assertArrayEquals(server.content(path), Files.readAllBytes(snapshot.resolve(path)), path);
        }
        assertEquals(HubServer.COMMIT, Files.readString(model().resolve("refs/main")));
    }

    /** Bytes of contents that the killed process had written, in whole blobs and in partial ones. */
    private long kept() throws IOException {
        long kept = 0;
        for (String path : PATHS) {
            for (String suffix : new String[] {"", ".dc.incomplete"}) {
                Path file = model().resolve("blobs").resolve(server.etag(path) + suffix);
                kept += Files.exists(file) ? Files.size(file) : 0;
            }
        }
        return kept;
    }

    private void assertWholeUnderFinalNames() throws IOException {
        for (String path : PATHS) {
            Path blob = model().resolve("blobs").resolve(server.etag(path));
            Path link = model().resolve("snapshots").resolve(HubServer.COMMIT).resolve(path);
            for (Path file : new Path[] {blob, link}) {
                if (Files.exists(file)) {
                    assertArrayEquals(server.content(path), Files.readAllBytes(file), file.toString());
                } else {
                    assertFalse(Files.isSymbolicLink(file), file + " leads to nothing");
                }
            }
        }
        if (Files.exists(model().resolve("refs/main"))) {
            assertEquals(server.total(), kept());
        }
    }

    /** Several times, as it takes chance for two processes to wait for one another. */
    @RepeatedTest(5)
    void twoProcessesAtOnceFetchEachContentOnce() throws Exception {
        Process one = PullProcess.start(server, cache);
        Process two = PullProcess.start(server, cache);
        for (Process process : new Process[] {one, two}) {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        }
        assertEquals(server.total(), server.served());
        assertEquals(server.total(), kept());
        assertWholeUnderFinalNames();
    }
}
