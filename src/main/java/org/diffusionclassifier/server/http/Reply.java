package org.diffusionclassifier.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.diffusionclassifier.file.JsonFile;

/**
 * An answer.
 *
 * @param status  as RFC 9110 has it
 * @param type    of the content, with its charset
 * @param content not copied
 * @param headers others than those of every answer
 */
public record Reply(int status, String type, byte[] content, Map<String, String> headers) {

    public static final String JSON = "application/json; charset=utf-8";

    /** A value as Jackson writes it, 200. */
    public static Reply json(Object value) {
        return new Reply(200, JSON, bytes(value), Map.of());
    }

    /** Text of some type, 200. */
    public static Reply text(String type, String text) {
        return new Reply(200, type, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    /** {@code {"status": …, "error": "one line"}}. */
    static Reply of(HttpRefusal refusal) {
        return new Reply(refusal.status(), JSON, bytes(Problem.of(refusal)), refusal.headers());
    }

    /** What is said of a refusal, in an answer or an event. */
    public record Problem(int status, String error) {

        public static Problem of(HttpRefusal refusal) {
            return new Problem(refusal.status(), refusal.getMessage());
        }
    }

    static byte[] bytes(Object value) {
        try {
            return JsonFile.MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
