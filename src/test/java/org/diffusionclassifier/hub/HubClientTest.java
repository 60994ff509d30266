package org.diffusionclassifier.hub;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.download.Retries;
import org.diffusionclassifier.download.Sink;
import org.diffusionclassifier.hub.HubServer.Misbehaviour;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.diffusionclassifier.hub.HubServer.COMMIT;
import static org.diffusionclassifier.hub.HubServer.MODEL;
import static org.diffusionclassifier.hub.HubServer.status;
import static org.diffusionclassifier.hub.HubServer.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What the client asks, and what it makes of the answers of a {@link HubServer}. */
class HubClientTest {

    private static final byte[] SMALL = "small".getBytes(StandardCharsets.UTF_8);
    private static final byte[] LARGE = new byte[100_000];

    @TempDir
    Path cache;

    private final List<Long> waits = new ArrayList<>();
    private HubServer server;

    @BeforeEach
    void start() {
        server = new HubServer().with("config.json", SMALL, false).with("unet/weights 1.bin", LARGE, true)
                .with("empty", new byte[0], false);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HubClient client(String... variables) {
        return new HubClient(server.settings(cache, variables),
                new Retries(5, Duration.ofMillis(500), Duration.ofMinutes(5), waits::add));
    }

    private RemoteRepository main(HubClient client) {
        return client.repository(MODEL, Revision.MAIN);
    }

    private String refused(String... variables) {
        return Fixtures.inputError(() -> main(client(variables)));
    }

    @Test
    void aRepositoryIsItsCommitItsFilesItsLicenceAndItsGate() {
        var repository = main(client());
        assertEquals(COMMIT, repository.commit());
        assertEquals(Optional.of("openrail++"), repository.licence());
        assertEquals(RemoteRepository.Gate.MANUAL, repository.gate());
        assertEquals(List.of(
                new RemoteFile("config.json", 5, BlobHash.of(HubServer.gitHash(SMALL))),
                new RemoteFile("empty", 0, BlobHash.of("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")),   // git's own
                new RemoteFile("unet/weights 1.bin", 100_000, BlobHash.of(HubServer.sha256(LARGE)))),
                repository.files());
        assertEquals(1, server.requests().size());
    }

    @Test
    void revisionsAreQuoted() {
        assertEquals(COMMIT, client().repository(MODEL, new Revision("refs/pr/1")).commit());
        assertEquals("org/model: no revision v9 at " + server.url(),
                Fixtures.inputError(() -> client().repository(MODEL, new Revision("v9"))));
    }

    @Test
    void aListWithoutSizesIsCompletedByTheTreesPages() {
        var described = main(client());
        server.sizesListed = false;
        assertEquals(described, main(client()));
        assertEquals(List.of("/api/models/org/model/tree/" + COMMIT, "/api/models/org/model/tree/" + COMMIT),
                server.requests().stream().map(HubServer.Request::path).filter(path -> path.contains("tree")).toList());
    }

    @Test
    void filesWithoutSizesAreAskedForByHead() {
        var client = client();
        var described = main(client);
        for (RemoteFile file : described.files()) {
            assertEquals(file, client.described(described, new RemoteFile(file.path(), -1, Optional.empty())));
        }
        // The one that is elsewhere was described by the redirection, which was not followed.
        assertEquals(List.of("HEAD /org/model/resolve/" + COMMIT + "/config.json",
                        "HEAD /org/model/resolve/" + COMMIT + "/empty",
                        "HEAD /org/model/resolve/" + COMMIT + "/unet/weights 1.bin"),
                server.requests().stream().skip(1).map(asked -> asked.method() + " " + asked.path()).toList());
        server.next(status(200, "ETag", "\"abc\"", "Content-Length", "5"));
        assertEquals("org/model: config.json: expected its size and its hash as ETag from " + server.url()
                + ", found no such ETag", Fixtures.inputError(() -> client.described(described,
                        new RemoteFile("config.json", -1, Optional.empty()))));
    }

    @Test
    void headFollowsTheRedirectionsOfARenamedRepository() {
        var client = client();
        var repository = main(client);
        server.next(status(307, "Location", "/org/model/resolve/" + COMMIT + "/config.json"));
        assertEquals(5, client.described(repository, new RemoteFile("other.json", -1, Optional.empty())).size());
    }

    @Test
    void theTokenGoesToTheEndpointAlone() {
        var client = client("HF_TOKEN", "hf_secret");
        var repository = main(client);
        var sink = new Received();
        client.download(repository, repository.file("unet/weights 1.bin").orElseThrow(), sink);
        assertEquals(LARGE.length, sink.position());
        var requests = server.requests();
        assertEquals(3, requests.size());
        assertEquals("Bearer hf_secret", requests.get(0).authorization());
        assertEquals("Bearer hf_secret", requests.get(1).authorization());
        assertEquals("/c", requests.get(2).path());
        assertNull(requests.get(2).authorization());
    }

    @Test
    void aRedirectionOfTheListToAnotherHostLosesTheToken() {
        try (var other = new HubServer()) {
            server.next(status(307, "Location", other.url() + "/api/models/org/model/revision/main"));
            assertEquals(COMMIT, main(client("HF_TOKEN", "hf_secret")).commit());
            assertNull(other.requests().get(0).authorization());
        }
    }

    @Test
    void redirectionsThatLeadNowhereAreRefused() {
        for (String location : new String[] {"ftp://x/y", "file:///etc/passwd", "http:", "http://[broken"}) {
            server.next(status(302, "Location", location));
            assertEquals("org/model: expected a redirect from 127.0.0.1 to an address as good as its own, found "
                    + "another", refused());
        }
        var circle = status(302, "Location", "/api/models/org/model/revision/main");
        server.next(circle, circle, circle, circle, circle, circle);
        assertEquals("org/model: expected at most 5 redirects from " + server.url() + ", found more", refused());
    }

    @Test
    void refusalsSayWhatTheyNeed() {
        var unauthorised = status(401, "X-Error-Code", "RepoNotFound");
        server.next(unauthorised);
        assertEquals("org/model: no such model at " + server.url() + ", or a private one: for that, set HF_TOKEN to a "
                + "token that may read it", refused());
        server.next(unauthorised);
        String withToken = refused("HF_TOKEN", "hf_secret");
        assertEquals("org/model: no such model at " + server.url() + ", or a private one: the token in HF_TOKEN or in "
                + "its file gives no access to it", withToken);
        server.next(status(404));
        assertTrue(refused().startsWith("org/model: no such model at "));
        for (int code : new int[] {401, 403}) {
            server.next(status(code, "X-Error-Code", "GatedRepo"));
            assertEquals("org/model: gated: accept its terms at " + server.url() + "/org/model, then set HF_TOKEN to a "
                    + "token of that account", refused());
        }
        server.next(status(403, "X-Error-Code", "GatedRepo"));
        assertEquals("org/model: gated: accept its terms at " + server.url() + "/org/model, then pull with the token "
                + "of the account that did", refused("HF_TOKEN", "hf_secret"));
        server.next(status(403, "X-Error-Message", "This repository is disabled."));
        assertEquals("org/model: refused by " + server.url() + " with status 403, which says "
                + "\"This repository is disabled.\"", refused());
        assertEquals(List.of(), waits);
        assertEquals("nobody/nothing: no such model at " + server.url() + ", or a private one: for that, set HF_TOKEN "
                + "to a token that may read it",
                Fixtures.inputError(() -> client().repository(new RepositoryName("nobody/nothing"), Revision.MAIN)));
    }

    @Test
    void aMissingFileIsNamed() {
        var client = client();
        assertEquals("org/model: no file none.json in revision main", Fixtures.inputError(() -> client.download(
                main(client), new RemoteFile("none.json", 1, BlobHash.of(HubServer.gitHash(SMALL))), new Received())));
    }

    @Test
    void whatMayPassIsTriedFiveTimes() {
        server.next(status(503), status(500), status(408), status(429, "Retry-After", "7"));
        assertEquals(COMMIT, main(client()).commit());
        assertEquals(List.of(500L, 1000L, 2000L, 7000L), waits);
        waits.clear();
        Misbehaviour busy = status(503);
        server.next(busy, busy, busy, busy, busy);
        assertEquals("org/model: 127.0.0.1 answered with status 503, tried 5 times", refused());
        assertEquals(List.of(500L, 1000L, 2000L, 4000L), waits);
    }

    @Test
    void theHubsOwnHeaderOfLimitsIsHonoured() {
        server.next(status(429, "RateLimit", "\"api\";r=0;t=55"));
        main(client());
        assertEquals(List.of(56_000L), waits);
    }

    @Test
    void tooLongAWaitIsLeftToTheUser() {
        server.next(status(429, "Retry-After", "3600"));
        assertEquals("org/model: 127.0.0.1 answered with status 429, to be tried again in 3600 seconds", refused());
        assertEquals(List.of(), waits);
    }

    @Test
    void nobodyThere() {
        var settings = server.settings(cache);
        server.close();
        var client = new HubClient(settings, new Retries(2, Duration.ofMillis(1), Duration.ofMillis(1), waits::add));
        String message = Fixtures.inputError(() -> main(client));
        assertEquals("org/model: no connection to " + settings.endpoint().getAuthority() + ", tried 2 times", message);
    }

    @Test
    void offlineNothingIsAsked() {
        assertEquals("org/model: not asked for at " + server.url() + ", as HF_HUB_OFFLINE forbids it",
                refused("HF_HUB_OFFLINE", "1"));
        assertEquals(List.of(), server.requests());
    }

    @Test
    void hostileLists() {
        for (String path : new String[] {"../../evil", "/etc/passwd", "a\\\\b", "a/../b"}) {
            server.next(text("{\"sha\": \"" + COMMIT + "\", \"siblings\": [{\"rfilename\": \"" + path + "\"}]}"));
            assertEquals("org/model: expected files within a repository, found one named \"" + path + "\"", refused());
        }
        for (String none : new String[] {"[]", "{}", "{\"sha\": \"../..\", \"siblings\": []}", "7"}) {
            server.next(text(none));
            assertEquals("org/model: expected a commit and a list of files from " + server.url() + ", found neither",
                    refused());
        }
        server.next(text("<html>"));
        assertEquals("org/model: expected JSON from the Hub, found something else", refused());
    }

    @Test
    void anotherCommitsFileIsRefused() {
        var client = client();
        var repository = main(client);
        server.next(status(200, "X-Repo-Commit", "f".repeat(40)));
        assertEquals("org/model: config.json: expected commit " + COMMIT + ", found \"" + "f".repeat(40) + "\"",
                Fixtures.inputError(() -> client.download(repository, repository.files().get(0), new Received())));
    }

    @Test
    void aServerThatStopsInTheMiddleIsLeft() {
        var client = client("HF_HUB_DOWNLOAD_TIMEOUT", "1");
        var repository = main(client);
        server.next(exchange -> {
            exchange.sendResponseHeaders(200, 5);
            exchange.getResponseBody().write(SMALL, 0, 2);
            exchange.getResponseBody().flush();
            HubServer.pause(3000);
        });
        var sink = new Received();
        client.download(repository, repository.file("config.json").orElseThrow(), sink);
        assertEquals(5, sink.position());
        assertEquals(List.of(500L), waits);
        assertEquals("bytes=2-", server.requests().get(2).range());
    }

    @Test
    void noMessageHasTheToken() {
        var gated = status(401, "X-Error-Code", "GatedRepo");
        server.next(gated, status(403), status(404));
        for (int i = 0; i < 3; i++) {
            assertFalse(refused("HF_TOKEN", "hf_secret").contains("secret"));
        }
    }

    private static final class Received implements Sink {

        private final byte[] chunk = new byte[1000];
        private long position;

        @Override
        public byte[] chunk() {
            return chunk;
        }

        @Override
        public long position() {
            return position;
        }

        @Override
        public void restart() {
            position = 0;
        }

        @Override
        public void take(int length) {
            position += length;
        }
    }
}
