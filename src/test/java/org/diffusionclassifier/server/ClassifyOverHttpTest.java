package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Classification over HTTP: the answers, the events, stopping, leaving. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ClassifyOverHttpTest {

    private static final String SNEAKER = "sneaker-0.png";

    private static ServedModel served;

    @BeforeAll
    static void open() {
        served = ServedModel.open();
    }

    @AfterAll
    static void close() {
        served.close();
        assertEquals(List.of(), served.log());
    }

    private static JsonNode answer(HttpResponse<String> response) {
        assertEquals(200, response.statusCode(), response.body());
        return ServedModel.json(response.body());
    }

    /** As the library has it, which is what {@code classify --json} writes. */
    private static JsonNode expected(Classification answer) {
        return JsonFile.MAPPER.valueToTree(answer.described());
    }

    @Test
    void answersAsTheLibraryDoesToTheBit() {
        JsonNode served = answer(ClassifyOverHttpTest.served.classify(SNEAKER, "classes", "sneaker\nbag\ncoat",
                "strategy", "race", "confidence", "0.9", "maxTrials", "20", "seed", "3"));
        try (var classifier = ClassifyOverHttpTest.served.model().classifier("sneaker", "bag", "coat")
                .strategy(new Race(0.9, Race.AUTO, 20, null)).seed(3)) {
            var decided = classifier.classify(SNEAKER, ImageDecoder.read(ServedModel.picture(SNEAKER), SNEAKER));
            assertEquals(expected(decided).toString(), served.get("answer").toString());
            assertEquals("sneaker", served.at("/answer/className").textValue());
            assertFalse(served.get("stopped").booleanValue());
            assertEquals(JsonFile.MAPPER.valueToTree(classifier.settings()), served.get("settings"));
        }
    }

    @Test
    void timestepsAndTheirWeightsAreTheLibrarys() {
        JsonNode served = answer(ClassifyOverHttpTest.served.classify(SNEAKER, "classes", "sneaker\nbag\ncoat",
                "strategy", "exhaustive", "nSamples", "5", "timesteps", "100..599", "timestepWeights", "SNR"));
        try (var classifier = ClassifyOverHttpTest.served.model().classifier("sneaker", "bag", "coat")
                .strategy(Staged.exhaustive(5)).timesteps(new TimestepRange(100, 599))
                .timestepWeights(new TimestepWeights.Snr())) {
            var decided = classifier.classify(SNEAKER, ImageDecoder.read(ServedModel.picture(SNEAKER), SNEAKER));
            assertEquals(expected(decided).toString(), served.get("answer").toString());
            assertEquals(JsonFile.MAPPER.valueToTree(classifier.settings()), served.get("settings"));
        }
    }

    /** What one client asks leaves no trace in what another gets, whatever came before. */
    @Test
    void answersDoNotDependOnEarlierRequests() {
        String first = answer(served.classify(SNEAKER)).get("answer").toString();
        for (String other : List.of("shirt-0.png", "coat-1.png", "bag-0.png")) {
            answer(served.classify(other));
        }
        assertEquals(first, answer(served.classify(SNEAKER)).get("answer").toString());
    }

    @Test
    void takesJsonAndForms() throws Exception {
        ObjectNode fields = JsonFile.MAPPER.createObjectNode();
        fields.put("image", Base64.getEncoder().encodeToString(ServedModel.picture(SNEAKER))).put("name", SNEAKER)
                .put("maxTrials", 10);
        fields.putArray("prompts").add("a photo of a bag.").add(JsonFile.MAPPER.valueToTree(
                Map.of("prompt", "a photo of a sneaker.", "class", "shoe"))).add(JsonFile.MAPPER.valueToTree(
                Map.of("prompt", "a photo of a ankle boot.", "class", "shoe")));
        JsonNode byJson = answer(served.send(served.request("/v1/classify").header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(fields.toString())).build()));
        assertEquals("shoe", byJson.at("/answer/className").textValue());
        assertEquals(2, byJson.at("/standing/classes").size(), "two prompts are one class");
        JsonNode byForm = answer(served.classify(SNEAKER, "classes", "bag", "classes", "sneaker", "template",
                "a photo of a {}.", "maxTrials", "10"));
        assertEquals("sneaker", byForm.at("/answer/className").textValue());
    }

    /** Rounds come while it runs, bars narrow, and the last event is the answer without events. */
    @Test
    void tellsHowTheRaceGoes() throws Exception {
        HttpResponse<String> response = served.send(served.form("/v1/classify", SNEAKER, ServedModel.picture(SNEAKER),
                "strategy", "staged", "nSamples", "10,50", "toKeep", "3,1", "explain", "true", "report", "true")
                .header("Accept", "text/event-stream").build());
        assertTrue(response.headers().firstValue("Content-Type").orElseThrow().startsWith("text/event-stream"));
        List<String> events = new ArrayList<>();
        List<JsonNode> data = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            String[] lines = event.split("\n");
            assertEquals(2, lines.length, event);
            events.add(lines[0].substring("event: ".length()));
            data.add(ServedModel.json(lines[1].substring("data: ".length())));
        }
        assertEquals("accepted", events.get(0));
        assertEquals("result", events.get(events.size() - 1));
        JsonNode result = data.get(data.size() - 1);
        assertEquals(50, result.at("/standing/classes/0/trials").intValue());
        assertEquals(10 * 10 + 3 * 40, result.at("/standing/pairs").intValue());
        assertTrue(result.get("explanation").textValue().contains("Where the evidence lies"));
        assertTrue(result.get("report").textValue().startsWith("<!DOCTYPE html>"));
        assertTrue(result.get("report").textValue().contains("default-src 'none'"));
    }

    @Test
    void boundsTheTimeLeft() {
        JsonNode whole = answer(served.classify(SNEAKER)).get("standing");
        assertEquals(0, whole.get("secondsAtMost").doubleValue());
        assertEquals(1, whole.get("alive").intValue());
        assertTrue(whole.at("/classes/0/alive").booleanValue());
        assertFalse(whole.at("/classes/9/alive").booleanValue());
        assertTrue(whole.at("/classes/9/margin").doubleValue() > 0);
    }

    /** Stopped by its id in the middle of its only round, which would take minutes, it answers with what it has. */
    @Test
    void stopsWithTheAnswerSoFar() throws Exception {
        var client = HttpClient.newHttpClient();
        HttpResponse<InputStream> response = client.send(served.form("/v1/classify", SNEAKER,
                ServedModel.picture(SNEAKER), "strategy", "exhaustive", "nSamples", "1000").header("Accept", "text/event-stream").build(), BodyHandlers.ofInputStream());
        JsonNode result = null;
        int rounds = 0;
        try (var lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            String id = null;
            String event = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("event: ")) {
                    event = line.substring(7);
                } else if (line.startsWith("data: ") && event.equals("accepted")) {
                    id = ServedModel.json(line.substring(6)).get("id").textValue();
                } else if (line.startsWith("data: ") && event.equals("round")) {
                    rounds++;
                    if (rounds == 2) {
                        assertEquals("{\"found\":true}", served.send(served.request("/v1/stop?id=" + id)
                                .POST(BodyPublishers.noBody()).build()).body());
                    }
                } else if (line.startsWith("data: ")) {
                    result = ServedModel.json(line.substring(6));
                }
            }
        }
        assertTrue(rounds >= 2, rounds + " rounds");
        assertTrue(result.get("stopped").booleanValue());
        assertEquals(result.at("/standing/classes/0/className"), result.at("/answer/className"),
                "the class that is ahead by now");
        int trials = result.at("/standing/classes/0/trials").intValue();
        assertTrue(trials > 0 && trials < 1000, trials + " trials");
        assertEquals(10L * trials, result.at("/standing/pairs").longValue(), "whole trials of all classes");
    }

    /** A client that closes its connection is not worked for: the device is free again long before the work is done. */
    @Test
    void aClientThatLeavesStopsItsWork() throws Exception {
        byte[] picture = ServedModel.picture(SNEAKER);
        String body = "{\"image\":\"" + Base64.getEncoder().encodeToString(picture)
                + "\",\"confidence\":0.9999999,\"bound\":\"anytime\",\"maxTrials\":1000,\"nTrials\":20}";
        long before = pairs();
        try (var socket = new Socket("127.0.0.1", served.port())) {
            socket.getOutputStream().write(("POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                    + "application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.UTF_8));
            while (served.health().get("running").intValue() == 0) {
                Thread.sleep(10);
            }
            Thread.sleep(300);
        }
        while (served.health().get("running").intValue() > 0) {
            Thread.sleep(10);
        }
        assertTrue(pairs() - before < 2000, (pairs() - before) + " pairs, of 200000");
        answer(served.classify(SNEAKER, "maxTrials", "5"));
    }

    private static long pairs() {
        return served.get("/metrics").body().lines()
                .filter(line -> line.startsWith("diffusion_classifier_pairs_total{"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1))).sum();
    }

    @Test
    void matchesAndRefersAsTheLibraryDoes() {
        var files = List.of(new ServedModel.Part("images", "a.png", ServedModel.picture("bag-0.png")),
                new ServedModel.Part("images", "b.png", ServedModel.picture("coat-0.png")));
        JsonNode matched = answer(served.send(served.form("/v1/match", files, "captions", "a photo of a bag.",
                "captions", "a photo of a coat.", "nSamples", "5", "report", "true").build()));
        var pictures = List.of(ImageDecoder.read(ServedModel.picture("bag-0.png"), ""),
                ImageDecoder.read(ServedModel.picture("coat-0.png"), ""));
        var expected = served.model().matching().nSamples(5).matrix(List.of("a.png", "b.png"), pictures,
                List.of("a photo of a bag.", "a photo of a coat."));
        assertEquals(JsonFile.MAPPER.valueToTree(expected.value()).toString(), matched.get("answer").toString());
        assertTrue(matched.get("report").textValue().contains("Pictures and captions"));

        JsonNode referred = answer(served.send(served.form("/v1/refer", SNEAKER, ServedModel.picture(SNEAKER),
                "boxes", "[0, 0, 14, 14]", "boxes", "[14, 14, 14, 14]", "expression", "a sneaker", "nSamples", "3")
                .build()));
        assertEquals(2, referred.at("/answer/boxes").size());
        assertEquals(6, referred.at("/answer/choices").size());
    }

    /** The text format: a type for each metric, and lines of a name, labels and a number (prometheus.io). */
    @Test
    void countsForPrometheus() {
        answer(served.classify(SNEAKER, "maxTrials", "5"));
        String text = served.get("/metrics").body();
        for (String line : text.split("\n")) {
            assertTrue(line.matches("# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*})? "
                    + "[0-9.]+(E-?[0-9]+)?"), line);
            if (!line.startsWith("#")) {
                String name = line.replaceAll("[{ ].*", "");
                assertTrue(text.contains("# TYPE " + name + " "), line);
            }
        }
        assertTrue(pairs() >= 10, text);
        assertTrue(text.contains("diffusion_classifier_requests_total{path=\"/v1/classify\",status=\"200\"}"), text);
        assertTrue(text.contains("seconds_total{device=\"cpu\",stage=\"evaluate\"}"), text);
    }
}
