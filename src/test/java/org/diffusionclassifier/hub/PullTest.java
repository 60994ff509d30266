package org.diffusionclassifier.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.diffusionclassifier.hub.HubServer.COMMIT;
import static org.diffusionclassifier.hub.HubServer.MODEL;
import static org.diffusionclassifier.hub.HubServer.status;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Pulls from a {@link HubServer} that works, that breaks, and that lies. */
class PullTest {

    private static final String WEIGHTS = "unet/weights.safetensors";

    @TempDir
    Path folder;

    private Path cache;
    private Path model;
    private HubServer server;

    @BeforeEach
    void start() {
        cache = folder.resolve("hub");
        model = cache.resolve("models--org--model");
        server = new HubServer()
                .with("model_index.json", "{}".getBytes(), false)
                .with("empty", new byte[0], false)
                .with("tokenizer/merges.txt", random(20_001, 1), false)
                .with("tokenizer_2/merges.txt", random(20_001, 1), false)      // the same content
                .with(WEIGHTS, random(300_001, 2), true);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] random(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private Path pull(String... variables) {
        return PullProcess.all(server.settings(cache, variables), PullListener.NONE);
    }

    private String refused() {
        return Fixtures.inputError(this::pull);
    }

    private void assertComplete(Path snapshot) throws IOException {
        assertEquals(model.resolve("snapshots").resolve(COMMIT), snapshot);
        for (String path : new String[] {"model_index.json", "empty", "tokenizer/merges.txt", "tokenizer_2/merges.txt",
            WEIGHTS}) {
            assertArrayEquals(server.content(path), Files.readAllBytes(snapshot.resolve(path)), path);
        }
        assertEquals(COMMIT, Files.readString(model.resolve("refs/main")));
        assertEquals(Optional.of(snapshot), new HubCache(server.settings(cache)).snapshot(MODEL, Revision.MAIN));
    }

    private Path partial(String path) {
        return model.resolve("blobs").resolve(server.etag(path) + ".dc.incomplete");
    }

    private Set<String> blobs() throws IOException {
        try (var files = Files.list(model.resolve("blobs"))) {
            return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
        }
    }

    /** The layout that huggingface_hub's file_download.py documents and reads. */
    @Test
    void theCacheIsLaidOutAsTheReferenceDoes() throws IOException {
        Path snapshot = pull();
        assertComplete(snapshot);
        assertEquals(Path.of("../../blobs", server.etag("model_index.json")),
                Files.readSymbolicLink(snapshot.resolve("model_index.json")));
        assertEquals(Path.of("../../../blobs", server.etag(WEIGHTS)),
                Files.readSymbolicLink(snapshot.resolve(WEIGHTS)));
        assertEquals(Set.of(server.etag("model_index.json"), server.etag("empty"), server.etag("tokenizer/merges.txt"),
                server.etag(WEIGHTS)), blobs());
        assertTrue(Files.exists(cache.resolve(".locks/models--org--model/" + server.etag(WEIGHTS) + ".lock")));
        assertTrue(Files.readString(cache.resolve("CACHEDIR.TAG"))
                .startsWith("Signature: 8a477f597d28d172789f06886806bc55"));
    }

    @Test
    void whatIsThereIsNotFetchedAgain() throws IOException {
        pull();
        long served = server.served();
        assertEquals(server.total() - 20_001, served);      // the same content once
        Files.delete(model.resolve("snapshots").resolve(COMMIT).resolve(WEIGHTS));
        assertComplete(pull());
        assertEquals(served, server.served());
    }

    @Test
    void theListenerHearsOfEveryByteAndFile() {
        var total = new AtomicLong();
        var done = new AtomicLong();
        List<String> finished = Collections.synchronizedList(new ArrayList<>());
        var listener = new PullListener() {
            @Override
            public void total(long bytes) {
                total.set(bytes);
            }

            @Override
            public void done(long bytes) {
                done.addAndGet(bytes);
            }

            @Override
            public void finished(RemoteFile file) {
                finished.add(file.path());
            }
        };
        server.nextContent(server.cut(WEIGHTS, 100_000), server.all(WEIGHTS));
        PullProcess.all(server.settings(cache), listener);
        assertEquals(server.total() - 20_001, total.get());
        assertEquals(total.get(), done.get());
        assertEquals(Set.of("empty", "model_index.json", "tokenizer/merges.txt", "tokenizer_2/merges.txt", WEIGHTS),
                Set.copyOf(finished));
        assertEquals(5, finished.size());
    }

    @Test
    void brokenConnectionsGoOnWhereTheyBroke() throws IOException {
        server.nextContent(server.cut(WEIGHTS, 100_000), status(503), status(403));    // an address that has expired
        assertComplete(pull());
        assertEquals(server.total() - 20_001, server.served());
        assertEquals("bytes=100000-", server.requests().get(server.requests().size() - 1).range());
    }

    @Test
    void anotherProcessLeftoverGoesOn() throws IOException {
        Files.createDirectories(model.resolve("blobs"));
        Files.write(partial(WEIGHTS), Arrays.copyOf(server.content(WEIGHTS), 123_456));
        assertComplete(pull());
        assertEquals(server.total() - 20_001 - 123_456, server.served());
        assertFalse(Files.exists(partial(WEIGHTS)));
    }

    @Test
    void aLeftoverThatIsWholeIsNotFetched() throws IOException {
        Files.createDirectories(model.resolve("blobs"));
        Files.write(partial(WEIGHTS), server.content(WEIGHTS));
        assertComplete(pull());
        assertEquals(server.total() - 20_001 - 300_001, server.served());
    }

    @Test
    void aDamagedOrTooLongLeftoverIsFetchedAgain() throws IOException {
        Files.createDirectories(model.resolve("blobs"));
        Files.write(partial(WEIGHTS), new byte[1000]);
        Files.write(partial("tokenizer/merges.txt"), new byte[30_000]);
        assertComplete(pull());
    }

    @Test
    void allInPlaceOfARangeStartsAgain() throws IOException {
        server.nextContent(server.cut(WEIGHTS, 100_000), server.all(WEIGHTS));
        assertComplete(pull());
        assertEquals(server.total() - 20_001 + 100_000, server.served());
    }

    @Test
    void aWrongHashHasNoName() throws IOException {
        byte[] other = random(300_001, 3);
        HubServer.Misbehaviour lie = exchange -> {
            exchange.sendResponseHeaders(200, other.length);
            exchange.getResponseBody().write(other);
        };
        server.nextContent(lie);
        assertEquals("org/model: unet/weights.safetensors: expected SHA-256 " + server.etag(WEIGHTS) + ", found "
                + HubServer.sha256(other), refused());
        assertFalse(blobs().contains(server.etag(WEIGHTS)));
        assertFalse(Files.exists(model.resolve("refs/main")));
        assertEquals(Optional.empty(), new HubCache(server.settings(cache)).snapshot(MODEL, Revision.MAIN));
        assertComplete(pull());
    }

    @Test
    void aContentOfAnotherLengthHasNoName() throws IOException {
        byte[] longer = random(300_002, 2);
        server.nextContent(exchange -> {
            exchange.sendResponseHeaders(200, longer.length);
            exchange.getResponseBody().write(longer);
        });
        assertEquals("org/model: unet/weights.safetensors: expected 300001 bytes, found more", refused());
        assertFalse(blobs().contains(server.etag(WEIGHTS)));
        assertComplete(pull());
    }

    @Test
    void aContentThatEndsTooSoonIsAsBadAsABrokenConnection() throws IOException {
        server.nextContent(exchange -> {
            exchange.sendResponseHeaders(200, 10);
            exchange.getResponseBody().write(server.content(WEIGHTS), 0, 10);
        });
        assertComplete(pull());
    }

    @Test
    void withoutLinksTheSnapshotHasTheContents() throws IOException {
        Path snapshot = pull("HF_HUB_DISABLE_SYMLINKS", "1");
        assertComplete(snapshot);
        for (String path : new String[] {WEIGHTS, "tokenizer/merges.txt", "tokenizer_2/merges.txt"}) {
            assertFalse(Files.isSymbolicLink(snapshot.resolve(path)), path);
        }
        assertEquals(Set.of(), blobs());
        long served = server.served();
        assertComplete(pull("HF_HUB_DISABLE_SYMLINKS", "1"));
        assertComplete(pull());     // and for one that would link
        assertEquals(served, server.served());
    }

    @Test
    void aCommitNeedsNoReference() {
        var settings = server.settings(cache);
        var client = new HubClient(settings);
        var repository = client.repository(MODEL, new Revision(COMMIT));
        Pull.of(settings, client, repository, Selection.file(repository, "model_index.json"), PullListener.NONE);
        assertFalse(Files.exists(model.resolve("refs").resolve(COMMIT)));
        assertTrue(new HubCache(settings).snapshot(MODEL, new Revision("0123456")).isPresent());
    }

    @Test
    void filesThatTheListDoesNotDescribe() throws IOException {
        var settings = server.settings(cache);
        var client = new HubClient(settings);
        var listed = client.repository(MODEL, new Revision("refs/pr/1"));
        var bare = listed.files().stream().map(file -> new RemoteFile(file.path(), -1, Optional.empty())).toList();
        Path snapshot = Pull.of(settings, client, listed, new Selection(bare), PullListener.NONE);
        assertArrayEquals(server.content(WEIGHTS), Files.readAllBytes(snapshot.resolve(WEIGHTS)));
        assertEquals(COMMIT, Files.readString(model.resolve("refs/refs/pr/1")));
    }

    @Test
    void aDiskThatIsTooSmallIsSaidBefore() {
        var settings = server.settings(cache);
        var client = new HubClient(settings);
        var repository = client.repository(MODEL, Revision.MAIN);
        var huge = new RemoteFile("huge.bin", 1L << 60, BlobHash.of("0".repeat(64)));
        String message = Fixtures.inputError(() -> Pull.of(settings, client, repository, new Selection(List.of(huge)),
                PullListener.NONE));
        assertTrue(message.matches("\\Q" + cache + "\\E: expected 1152921504606846976 bytes free for org/model, "
                + "found \\d+"), message);
        assertEquals(0, server.served());
    }

    /** The partial file is the device that is always full. */
    @Test
    void aDiskThatFillsUp() throws IOException {
        Files.createDirectories(model.resolve("blobs"));
        Files.createSymbolicLink(partial(WEIGHTS), Path.of("/dev/full"));
        assertEquals(model.resolve("blobs") + ": No space left on device, expected 300001 bytes more for org/model: "
                + WEIGHTS + "; a second start goes on from what has arrived", refused());
        assertFalse(Files.exists(model.resolve("refs/main")));
        Files.delete(partial(WEIGHTS));
        assertComplete(pull());
    }

    @Test
    void aCacheThatCannotBeWritten() throws IOException {
        Files.writeString(cache, "a file");
        String message = refused();
        assertTrue(message.startsWith(model + ": cannot be written ("), message);
    }

    @Test
    void aLinkOutOfTheCacheIsNotWrittenThrough() throws IOException {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.createDirectories(model.resolve("snapshots").resolve(COMMIT));
        Files.createSymbolicLink(model.resolve("snapshots").resolve(COMMIT).resolve("unet"), outside);
        assertEquals(model.resolve("snapshots").resolve(COMMIT).resolve("unet") + ": expected to stay in " + cache
                + ", found a link out of it", refused());
        try (var files = Files.list(outside)) {
            assertEquals(List.of(), files.toList());
        }
    }

    @Test
    void twoThreadsAtOnce() throws Exception {
        var one = CompletableFuture.supplyAsync(this::pull);
        var two = CompletableFuture.supplyAsync(this::pull);
        assertComplete(one.get());
        assertComplete(two.get());
        assertEquals(server.total() - 20_001, server.served());
    }

    @Test
    void afterAFailureNothingIsWrittenAnyMore() throws Exception {
        server.with("second.bin", random(5_000_000, 5), true);
        server.millisecondsPerChunk = 2;
        server.nextContent(exchange -> {
            HubServer.pause(300);
            exchange.sendResponseHeaders(200, 6_000_000);
            exchange.getResponseBody().write(new byte[6_000_000]);
        });
        String message = refused();
        assertTrue(message.endsWith(" bytes, found more"), message);
        long size = sizes();
        HubServer.pause(300);
        assertEquals(size, sizes());
    }

    private long sizes() throws IOException {
        long sizes = 0;
        for (String blob : blobs()) {
            sizes += Files.size(model.resolve("blobs").resolve(blob));
        }
        return sizes;
    }
}
