package org.diffusionclassifier.server.http;

import java.util.Map;

/** A request that is not answered: the status, and one line that says why. */
public final class HttpRefusal extends RuntimeException {

    private final int status;
    private final transient Map<String, String> headers;

    /** @param status as RFC 9110 has it, from 400 on */
    public HttpRefusal(int status, String message) {
        this(status, message, Map.of());
    }

    private HttpRefusal(int status, String message, Map<String, String> headers) {
        super(message, null, false, false);
        this.status = status;
        this.headers = headers;
    }

    /** 503: not now. @param seconds after which to ask again, at least 1 */
    public static HttpRefusal busy(String message, int seconds) {
        return new HttpRefusal(503, message, Map.of("Retry-After", String.valueOf(seconds)));
    }

    /** 405. @param expected the methods that there are, separated by commas */
    public static HttpRefusal method(String expected) {
        return new HttpRefusal(405, "expected the method " + expected, Map.of("Allow", expected));
    }

    /** 401: no token, or another. */
    static HttpRefusal token() {
        return new HttpRefusal(401, "expected the header Authorization: Bearer TOKEN with the server's token",
                Map.of("WWW-Authenticate", "Bearer"));
    }

    public int status() {
        return status;
    }

    /** Those that belong to the status. */
    Map<String, String> headers() {
        return headers;
    }
}
