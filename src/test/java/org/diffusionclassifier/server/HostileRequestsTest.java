package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.diffusionclassifier.server.http.HttpLimits;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What nobody should send: each gets its status and one line, and the next request is served. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HostileRequestsTest {

    private static final String TOKEN = "0123456789abcdef";
    private static final HttpLimits LIMITS = limits(30);

    private static ServedModel served;

    private static HttpLimits limits(int secondsToReceive) {
        return new HttpLimits(4096, 16384, 1 << 20, 3 << 20, 16, Duration.ofSeconds(secondsToReceive),
                Duration.ofSeconds(5));
    }

    @BeforeAll
    static void open() {
        served = ServedModel.open(ServedModel.spec(LIMITS, 2, 600, null));
    }

    @AfterAll
    static void close() {
        served.close();
        assertEquals(List.of(), served.log());
    }

    @AfterEach
    void theNextRequestIsServed() {
        HttpResponse<String> next = served.classify("bag-0.png", "maxTrials", "3", "classes", "bag\ncoat");
        assertEquals(200, next.statusCode(), next.body());
        assertEquals("bag", ServedModel.json(next.body()).at("/answer/className").textValue());
    }

    private static void refused(int status, String words, HttpResponse<String> response) {
        assertEquals(status, response.statusCode(), response.body());
        refused(status, words, response.body());
    }

    private static void refused(int status, String words, String body) {
        JsonNode problem = ServedModel.json(body);
        assertEquals(status, problem.get("status").intValue(), body);
        String line = problem.get("error").textValue();
        assertTrue(line.contains(words), line);
        assertFalse(line.contains("\n"), line);
        assertFalse(line.contains(System.getProperty("user.dir")), line);
    }

    /** Of an answer on a bare socket. */
    private static void refusedRaw(int status, String words, String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        refused(status, words, answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }

    private static HttpResponse<String> classify(byte[] picture, String... fields) {
        return served.send(served.form("/v1/classify", "picture", picture, fields).build());
    }

    @Test
    void aJpegThatClaimsToBeHuge() {
        byte[] jpeg = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xC0, 0, 17, 8, (byte) 0xEA, 0x60, (byte) 0xEA, 0x60,
                3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, (byte) 0xFF, (byte) 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63,
                0, 1, 2, 3};
        refused(400, "60000×60000 pixels, expected at most 268435456", classify(jpeg));
    }

    /** 8,000 × 8,000 of one colour in few bytes; and an honest size before data that inflate to half a gigabyte. */
    @Test
    void aPngThatInflates() throws IOException {
        refused(413, "8000×8000 pixels, expected at most 33554432", classify(png(8000, 8000, 0)));
        HttpResponse<String> bomb = classify(png(8, 8, 500 << 20), "maxTrials", "3", "classes", "bag\ncoat");
        assertTrue(List.of(200, 400).contains(bomb.statusCode()), bomb.body());
    }

    /** @param more bytes of zeros behind the pixels, or 0 for no pixels at all */
    private static byte[] png(int width, int height, int more) throws IOException {
        var header = new ByteArrayOutputStream();
        var fields = new DataOutputStream(header);
        fields.writeInt(width);
        fields.writeInt(height);
        fields.write(new byte[] {8, 2, 0, 0, 0});
        var data = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(data)) {
            var zeros = new byte[1 << 20];
            deflater.write(zeros, 0, 8 * 25);
            for (int i = 0; i < more; i += zeros.length) {
                deflater.write(zeros);
            }
        }
        var file = new ByteArrayOutputStream();
        file.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(file, "IHDR", header.toByteArray());
        chunk(file, "IDAT", data.toByteArray());
        chunk(file, "IEND", new byte[0]);
        return file.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream file, String type, byte[] content) throws IOException {
        var out = new DataOutputStream(file);
        var sum = new CRC32();
        sum.update(type.getBytes(StandardCharsets.US_ASCII));
        sum.update(content);
        out.writeInt(content.length);
        out.writeBytes(type);
        out.write(content);
        out.writeInt((int) sum.getValue());
    }

    @Test
    void whatIsNoPicture() {
        refused(400, "not an image", classify("<script>".getBytes(StandardCharsets.UTF_8)));
        refused(400, "not an image", classify(new byte[0]));
        refused(400, "broken image", classify(Arrays.copyOf(ServedModel.picture("bag-0.png"), 200)));
    }

    @Test
    void tenThousandClasses() {
        String classes = String.join("\n", IntStream.range(0, 10_000).mapToObj(i -> "class " + i)
                .toList());
        refused(413, "classes: expected at most 2000", classify(ServedModel.picture("bag-0.png"), "classes", classes));
    }

    @Test
    void aPathForAName() {
        HttpResponse<String> response = served.send(served.form("/v1/classify", "../../../../etc/passwd",
                ServedModel.picture("bag-0.png"), "maxTrials", "3", "classes", "bag\ncoat").build());
        assertEquals("passwd", ServedModel.json(response.body()).at("/answer/image").textValue());
    }

    @Test
    void headersWithoutEnd() throws IOException {
        refusedRaw(431, "headers", served.raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n".repeat(10_000)));
        refusedRaw(431, "headers", served.raw("GET / HTTP/1.1\r\nX: " + "y".repeat(100_000)));
        refusedRaw(414, "request line", served.raw("GET /" + "y".repeat(100_000)));
    }

    @Test
    void whatIsNoHttp() throws IOException {
        refusedRaw(400, "HTTP/1.1", served.raw("\u0016\u0003\u0001\u0002hello\r\n\r\n"));
        refusedRaw(505, "HTTP/1.1", served.raw("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"));
        refusedRaw(400, "HTTP/1.1", served.raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"));
        refusedRaw(417, "Expect", served.raw("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\n\r\n"));
    }

    /** Headers that drip, and a body that stops half way: within the time for receiving. */
    @Test
    void halfSent() throws Exception {
        try (var impatient = ServedModel.open(ServedModel.spec(limits(2), 2, 600, null))) {
            halfSent(impatient);
        }
    }

    private static void halfSent(ServedModel served) throws Exception {
        refusedRaw(408, "within 2 seconds", served.raw("GET / HTTP/1.1\r\nHost: loc"));
        refusedRaw(408, "within 2 seconds", served.raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Length: 1000\r\n\r\nhalf"));
        assertEquals("", served.raw(""), "a connection without a request is closed without a word");
        try (var socket = new Socket("127.0.0.1", served.port())) {
            long start = System.nanoTime();
            var text = new ByteArrayOutputStream();
            for (int i = 0; i < 100 && socket.getInputStream().available() == 0; i++) {
                socket.getOutputStream().write(i < 14 ? "GET / HTTP/1.1".charAt(i) : 'a');
                Thread.sleep(100);
            }
            text.write(socket.getInputStream().readAllBytes());
            refusedRaw(408, "whole request", text.toString(StandardCharsets.UTF_8));
            assertTrue(System.nanoTime() - start < 20e9, "a byte now and then does not keep it open");
        }
        try (var socket = new Socket("127.0.0.1", served.port())) {
            socket.getOutputStream().write("POST /v1/classify HT".getBytes(StandardCharsets.UTF_8));
            socket.setSoLinger(true, 0);    // broken off with a reset
        }
    }

    @Test
    void aBodyThatIsTooLarge() throws IOException {
        refusedRaw(413, "at most 1048576 bytes", served.raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Length: 99999999999\r\n\r\n"));
        refusedRaw(413, "at most 1048576 bytes", served.raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n" + ("10000\r\n" + "x".repeat(65536) + "\r\n").repeat(18)));
        refused(413, "bytes", classify(new byte[2 << 20]));
    }

    /** Three bodies of a megabyte are all that fits at once. */
    @Test
    void manyBodiesAtOnce() throws Exception {
        try (var impatient = ServedModel.open(ServedModel.spec(limits(2), 2, 600, null))) {
            manyBodiesAtOnce(impatient);
        }
    }

    private static void manyBodiesAtOnce(ServedModel served) throws Exception {
        String head = "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n";
        var sockets = new Socket[4];
        try {
            for (int i = 0; i < sockets.length; i++) {
                sockets[i] = new Socket("127.0.0.1", served.port());
                sockets[i].getOutputStream().write((head + "x".repeat(1_000_000)).getBytes(StandardCharsets.US_ASCII));
            }
            int refused = 0;
            for (Socket socket : sockets) {
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                refused += answer.startsWith("HTTP/1.1 503 ") && answer.contains("Retry-After: 1") ? 1 : 0;
            }
            assertTrue(refused >= 1, refused + " refused");
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    /** Connections beyond the limit are closed; those that are there are served. */
    @Test
    void manyConnections() throws Exception {
        var idle = new Socket[20];
        for (int i = 0; i < idle.length; i++) {
            idle[i] = new Socket("127.0.0.1", served.port());
        }
        Thread.sleep(200);
        int closed = 0;
        for (Socket socket : idle) {
            socket.setSoTimeout(100);
            try {
                closed += socket.getInputStream().read() < 0 ? 1 : 0;
            } catch (IOException e) {
                // still open
            }
        }
        assertTrue(closed >= 4, closed + " closed");
        for (Socket socket : idle) {
            socket.close();
        }
        Thread.sleep(200);
    }

    @Test
    void pipelinedRequestsAreAnsweredOrClosed() throws IOException {
        String answers = served.raw("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3));
        assertTrue(answers.startsWith("HTTP/1.1 200 OK"), answers);
    }

    /** A name that points here, or a page of another site. */
    @Test
    void rebindingAndOtherSites() throws IOException {
        refusedRaw(421, "Host", served.raw("GET / HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n"));
        refusedRaw(421, "Host", served.raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
        refusedRaw(400, "Host", served.raw("GET / HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\n"
                + "Connection: close\r\n\r\n"));
        var request = served.form("/v1/classify", "x", ServedModel.picture("bag-0.png"));
        refused(403, "Origin", served.send(request.header("Origin", "http://attacker.example").build()));
        refused(403, "Origin", served.send(served.request("/v1/model").header("Origin", "null").build()));
        refused(403, "another site", served.send(served.request("/v1/model").header("Sec-Fetch-Site", "cross-site")
                .build()));
        assertEquals(200, served.send(served.request("/v1/model")
                .header("Origin", "http://127.0.0.1:" + served.port()).build()).statusCode());
    }

    @Test
    void brokenJson() {
        Map.of("{", "no JSON", "[]", "another value", "{\"image\": \"\", \"colour\": 1}", "no such field",
                "{\"image\": \"§\"}", "Base64", "{\"image\": 7}", "Base64", "{}", "image: expected 1, found 0",
                "{\"image\": \"\", \"image\": \"\"}", "no JSON", "{\"a\": 1} {}", "no JSON",
                "[".repeat(100_000), "no JSON").forEach((body, words) -> refused(400, words,
                served.send(served.request("/v1/classify").header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body)).build())));
    }

    @Test
    void wrongFields() {
        String[][] wrong = {
                {"seed", "pi", "whole number"}, {"seed", "99999999999999999999", "whole number"},
                {"nTrials", "0", "nTrials"}, {"nTrials", "4294967297", "smaller number"},
                {"maxTrials", "1001", "at most the 1000 timesteps 0..999"}, {"confidence", "1", "between 0 and 1"},
                {"confidence", "NaN", "a number"}, {"strategy", "guess", "expected race"}, {"bound", "loose", "auto"},
                {"nSamples", "5", "maxTrials"}, {"toKeep", "1", "staged"}, {"loss", "l3", "l1"},
                {"loss", "vb", "variances"}, {"explain", "yes", "true or false"}, {"template", "no braces", "{}"},
                {"timesteps", "5", "FROM..TO"}, {"timesteps", "0..1000", "some of the model's 0..999"},
                {"timestepWeights", "/etc/hostname", "uniform or snr"},
                {"background", "green", "background"}, {"prompts", " ", "prompts"}, {"classes", "a\na", "twice"},
                {"classes", "x".repeat(3000), "2000 characters"}};
        for (String[] one : wrong) {
            String classes = one[0].equals("prompts") || one[0].equals("classes") ? "seed" : "classes";
            refused(400, one[2], classify(ServedModel.picture("bag-0.png"), one[0], one[1], classes,
                    classes.equals("seed") ? "1" : "bag\ncoat"));
        }
    }

    @Test
    void wrongForms() {
        for (String body : List.of("", "--boundary", "--boundary\r\n\r\n", "--boundary\r\nContent-Disposition: form-data; "
                + "name=\"image\"\r\n\r\nhalf")) {
            HttpResponse<String> response = served.send(served.request("/v1/classify")
                    .header("Content-Type", "multipart/form-data; boundary=boundary").POST(BodyPublishers.ofString(body))
                    .build());
            assertEquals(400, response.statusCode(), body + response.body());
        }
        refused(415, "Content-Type", served.send(served.request("/v1/classify").header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("x")).build()));
        refused(400, "multipart", served.send(served.request("/v1/classify").header("Content-Type",
                "multipart/form-data").POST(BodyPublishers.ofString("x")).build()));
    }

    /** Two run or are decoded, two wait, and the rest is sent away at once with the time to come again. */
    @Test
    void aFullQueueSendsAway() {
        var request = served.form("/v1/classify", "bag-0.png", ServedModel.picture("bag-0.png"), "strategy", "exhaustive",
                "nSamples", "60", "classes", "bag\ncoat").build();
        var all = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> served.send(request),
                        work -> new Thread(work).start())).toList();
        var answers = all.stream().map(CompletableFuture::join).toList();
        List<HttpResponse<String>> away = answers.stream().filter(answer -> answer.statusCode() == 503).toList();
        assertTrue(away.size() >= 2 && away.size() <= 5, away.size() + " sent away");
        for (HttpResponse<String> one : away) {
            assertTrue(one.headers().firstValueAsLong("Retry-After").orElseThrow() >= 1);
            refused(503, "waiting already", one);
        }
        assertEquals(8 - away.size(), answers.stream().filter(answer -> answer.statusCode() == 200).count());
    }

    @Test
    void aTokenIsAskedFor() {
        try (var guarded = ServedModel.open(ServedModel.spec(LIMITS, 2, 600, TOKEN))) {
            for (String path : List.of("/v1/model", "/metrics")) {
                refused(401, "Bearer", guarded.get(path));
                refused(401, "Bearer", guarded.send(guarded.request(path).header("Authorization", "Bearer no").build()));
                assertEquals(200, guarded.send(guarded.request(path).header("Authorization", "Bearer " + TOKEN).build())
                        .statusCode());
            }
            refused(401, "Bearer", guarded.classify("bag-0.png"));
            for (String path : List.of("/", "/page.js", "/v1/health", "/openapi.json")) {
                assertEquals(200, guarded.get(path).statusCode(), path);
            }
        }
    }

    /** A request is answered with what is known when its time is over. */
    @Test
    void timeIsBounded() {
        try (var hurried = ServedModel.open(ServedModel.spec(HttpLimits.DEFAULT, 2, 1, null))) {
            HttpResponse<String> response = hurried.classify("bag-0.png", "confidence", "0.9999999", "bound", "anytime",
                    "maxTrials", "1000", "nTrials", "20");
            assertEquals(200, response.statusCode(), response.body());
            assertTrue(ServedModel.json(response.body()).get("stopped").booleanValue());
        }
    }
}
