package org.diffusionclassifier.server.http;

import java.time.Duration;

/**
 * What a client may cost before it has asked for anything.
 *
 * @param line        bytes of the request line
 * @param headers     bytes of all headers
 * @param body        bytes of a request's body
 * @param bodies      bytes of all bodies that are being received or answered
 * @param connections at once
 * @param receive     from opening a connection, or the last answer on it, to the last byte of the next request
 * @param send        for a piece of an answer to be taken
 */
public record HttpLimits(int line, int headers, int body, long bodies, int connections, Duration receive,
        Duration send) {

    /** Pictures of 16 MiB, a quarter of the heap for all of them. */
    public static final HttpLimits DEFAULT = new HttpLimits(4096, 16384, 16 << 20,
            Math.max(16 << 20, Runtime.getRuntime().maxMemory() / 4), 256, Duration.ofSeconds(60),
            Duration.ofSeconds(30));
}
