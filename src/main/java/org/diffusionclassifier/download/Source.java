package org.diffusionclassifier.download;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/** What answers with a content from any byte on, by ranges (RFC 9110, section 14). */
@FunctionalInterface
public interface Source {

    /**
     * Asks for it.
     *
     * @param headers to send: the range, if not all is wanted
     * @return an answer of status 200 or 206, whose content is closed by whoever asked
     * @throws IOException    if it is worth trying again
     * @throws InputException if it is refused
     */
    HttpResponse<InputStream> get(Map<String, String> headers) throws IOException, InterruptedException;

    /**
     * Fetches what {@code sink} does not have yet.
     *
     * @param what    for messages
     * @param size    of the content in bytes
     * @param timeout how long nothing may arrive
     * @throws InputException if it is refused, or broke too often
     */
    default void fill(Sink sink, String what, long size, Retries retries, Duration timeout) {
        byte[] chunk = new byte[1 << 18];
        retries.run(what, sink::position, () -> {
            long from = sink.position();
            var answer = get(from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-"));
            try (InputStream in = new TimedStream(answer.body(), timeout)) {
                if (from > 0 && !goesOn(answer, from)) {
                    sink.restart();
                }
                for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                    sink.write(chunk, read);
                }
            }
            if (sink.position() < size) {
                throw new IOException("expected " + size + " bytes, found " + sink.position());
            }
            return null;
        });
    }

    /**
     * Whether the content begins at the byte that was asked for. A server may answer with all of it, by status 200.
     *
     * @throws IOException if it begins at another
     */
    private static boolean goesOn(HttpResponse<?> answer, long from) throws IOException {
        if (answer.statusCode() != 206) {
            return false;
        }
        Matcher range = Pattern.compile("bytes (\\d{1,18})-.*")
                .matcher(answer.headers().firstValue("Content-Range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != from) {
            throw new IOException("expected the content from byte " + from + ", found another range");
        }
        return true;
    }

    /** How long to wait by {@code Retry-After} in seconds (RFC 9110, section 10.2.3), if the server says so. */
    static Optional<Duration> retryAfter(HttpResponse<?> answer) {
        return answer.headers().firstValue("Retry-After").map(String::strip)
                .filter(value -> value.matches("\\d{1,9}")).map(Long::parseLong).map(Duration::ofSeconds);
    }
}
