package org.diffusionclassifier.server.http;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * A request that has arrived whole.
 *
 * @param path    without the query
 * @param query   behind the question mark, as it came; empty without one
 * @param headers by names in any case
 * @param body    not copied
 */
public record Received(String method, String path, String query, HttpHeaders headers, byte[] body) {

    /** A header's only value; empty where there is none. @throws HttpRefusal if it is there twice */
    public String header(String name) {
        var values = headers.getAll(name);
        if (values.size() > 1) {
            throw new HttpRefusal(400, "the header " + name + ": expected once, found " + values.size() + " times");
        }
        return values.isEmpty() ? "" : values.get(0);
    }
}
