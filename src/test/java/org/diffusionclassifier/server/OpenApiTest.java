package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The description that the server has of itself, held to what it does, by a validator of JSON Schema of others. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class OpenApiTest {

    private static ServedModel served;
    private static JsonNode document;

    @BeforeAll
    static void open() {
        served = ServedModel.open();
        document = ServedModel.json(served.get("/openapi.json").body());
    }

    @AfterAll
    static void close() {
        served.close();
    }

    /** Holds a value to a schema of the document. */
    private static void requireValid(JsonNode schema, JsonNode value) {
        ObjectNode whole = schema.deepCopy();
        whole.set("components", document.get("components"));
        var problems = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(whole).validate(value);
        assertTrue(problems.isEmpty(), problems.toString());
    }

    private static JsonNode operation(String path, String method) {
        return document.get("paths").get(path).get(method);
    }

    /** The status and the body of an answer are documented. */
    private static JsonNode requireDescribed(String path, String method, HttpResponse<String> response) {
        JsonNode described = operation(path, method).get("responses").get(String.valueOf(response.statusCode()));
        assertTrue(described != null, path + ": " + response.statusCode());
        if (described.has("$ref")) {
            described = document.at(described.get("$ref").textValue().substring(1));
        }
        String type = response.headers().firstValue("Content-Type").orElseThrow().replaceAll(";.*", "");
        JsonNode content = described.get("content").get(type);
        assertTrue(content != null, path + ": " + type);
        if (type.equals("application/json")) {
            requireValid(content.get("schema"), ServedModel.json(response.body()));
        }
        return ServedModel.json(type.equals("application/json") ? response.body() : "null");
    }

    @Test
    void answersAreAsDescribed() {
        for (String path : List.of("/v1/health", "/v1/model", "/metrics")) {
            requireDescribed(path, "get", served.get(path));
        }
        requireDescribed("/v1/classify", "post", served.classify("bag-0.png", "explain", "true", "report", "true"));
        var files = List.of(new ServedModel.Part("images", "a", ServedModel.picture("bag-0.png")));
        requireDescribed("/v1/match", "post", served.send(served.form("/v1/match", files, "captions", "a", "captions",
                "b", "nSamples", "2", "report", "true").build()));
        requireDescribed("/v1/refer", "post", served.send(served.form("/v1/refer", "a",
                ServedModel.picture("bag-0.png"), "boxes", "[0,0,9,9]", "boxes", "[9,9,9,9]", "expression", "bag",
                "nSamples", "2").build()));
        requireDescribed("/v1/stop", "post", served.send(served.request("/v1/stop?id=" + "0".repeat(32))
                .POST(BodyPublishers.noBody()).build()));
        requireDescribed("/v1/stop", "post", served.send(served.request("/v1/stop").POST(BodyPublishers.noBody())
                .build()));
    }

    @Test
    void eventsAreAsDescribed() {
        HttpResponse<String> response = served.send(served.form("/v1/classify", "bag-0.png",
                ServedModel.picture("bag-0.png")).header("Accept", "text/event-stream").build());
        requireDescribed("/v1/classify", "post", response);
        for (String event : response.body().split("\n\n")) {
            String[] lines = event.split("\n");
            String schema = switch (lines[0]) {
                case "event: accepted" -> "Accepted";
                case "event: round" -> "Standing";
                case "event: result" -> "Classified";
                default -> throw new AssertionError(event);
            };
            requireValid(document.at("/components/schemas/" + schema), ServedModel.json(lines[1].substring(6)));
        }
    }

    /** Every path of the document is there with its method, and no other method is. */
    @Test
    void pathsAndMethodsAreThose() {
        for (Iterator<String> paths = document.get("paths").fieldNames(); paths.hasNext();) {
            String path = paths.next();
            for (String method : List.of("get", "post", "put", "delete")) {
                boolean described = operation(path, method) != null;
                HttpResponse<String> response = served.send(served.request(path).method(method.toUpperCase(),
                        BodyPublishers.noBody()).build());
                assertEquals(!described, response.statusCode() == 405, method + " " + path + ": " + response.body());
                if (described) {
                    requireDescribed(path, method, response);
                } else {
                    assertEquals(operation(path, "get") != null ? "GET" : "POST",
                            response.headers().firstValue("Allow").orElseThrow());
                }
            }
        }
    }

    /** The fields of a request that are described are those that are known. */
    @Test
    void fieldsAreThose() {
        for (String path : List.of("/v1/classify", "/v1/match", "/v1/refer")) {
            HttpResponse<String> response = served.send(served.request(path).header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"surely-unknown\": 1}")).build());
            requireDescribed(path, "post", response);
            String message = ServedModel.json(response.body()).get("error").textValue();
            Set<String> known = Arrays.stream(message.substring(message.indexOf("expected ") + 9).split(", "))
                    .collect(Collectors.toCollection(TreeSet::new));
            for (String type : List.of("application/json", "multipart/form-data")) {
                var described = new TreeSet<String>();
                operation(path, "post").at("/requestBody/content").get(type).at("/schema/properties").fieldNames()
                        .forEachRemaining(described::add);
                described.removeAll(List.of("image", "images", "name"));
                assertEquals(known, described, path + " " + type);
            }
        }
    }

    /** The document is one of OpenAPI 3.1: every reference leads somewhere. */
    @Test
    void referencesLeadSomewhere() {
        assertEquals("3.1.0", document.get("openapi").textValue());
        var references = new ArrayList<>(document.findValuesAsText("$ref"));
        assertTrue(references.size() > 50, references.size() + " references");
        for (String reference : references) {
            assertTrue(!document.at(reference.substring(1)).isMissingNode(), reference);
        }
    }
}
