package org.diffusionclassifier.download;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
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
    HttpAnswer get(Map<String, String> headers) throws IOException;

    /**
     * Fetches what {@code sink} does not have yet.
     *
     * @param what for messages
     * @param size of the content in bytes
     * @throws InputException if it is refused, or broke too often
     */
    default void fill(Sink sink, String what, long size, Retries retries) {
        retries.run(what, sink::position, () -> {
            long from = sink.position();
            try (HttpAnswer answer = get(from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-"))) {
                if (from > 0 && !goesOn(answer, from)) {
                    sink.restart();
                }
                pour(answer.body(), sink);
            }
            if (sink.position() < size) {
                throw new IOException("expected " + size + " bytes, found " + sink.position());
            }
            return null;
        });
    }

    /** What has arrived is handed over before more is waited for, so that a break loses none of it. */
    private static void pour(InputStream in, Sink sink) throws IOException, InterruptedException {
        int read = 0;
        while (read >= 0) {
            byte[] chunk = sink.chunk();
            int filled = 0;
            do {
                read = in.read(chunk, filled, chunk.length - filled);
                filled += Math.max(0, read);
            } while (read > 0 && filled < chunk.length && in.available() > 0);
            if (filled > 0) {
                sink.take(filled);
            }
        }
    }

    /**
     * Whether the content begins at the byte that was asked for. A server may answer with all of it, by status 200.
     *
     * @throws IOException if it begins at another
     */
    private static boolean goesOn(HttpAnswer answer, long from) throws IOException {
        if (answer.status() != 206) {
            return false;
        }
        Matcher range = Pattern.compile("bytes (\\d{1,18})-.*")
                .matcher(answer.header("Content-Range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != from) {
            throw new IOException("expected the content from byte " + from + ", found another range");
        }
        return true;
    }
}
