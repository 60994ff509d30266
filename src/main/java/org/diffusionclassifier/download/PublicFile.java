package org.diffusionclassifier.download;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.InputException;

/**
 * A file that anyone may fetch, known by its published hash. Its server may redirect, but not from https to http.
 *
 * @param address http or https
 * @param bytes   its size
 * @param hash    SHA-256 or MD5 in 64 or 32 lower-case hexadecimal digits
 */
public record PublicFile(URI address, long bytes, String hash) implements Source {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{32}");
    private static final int REDIRECTS = 5;

    public PublicFile {
        if (!HASH.matcher(hash).matches()) {
            throw InputException.of("%s: expected SHA-256 or MD5 in lower-case hexadecimal digits, found %s",
                    InputException.field("hash"), InputException.quoted(hash));
        }
    }

    /**
     * Fetches it, or what is missing of it in {@code part}, which takes the name {@code target} when it is whole and
     * has the hash. Does nothing if {@code target} is there.
     *
     * @param part    beside {@code target}; stays where a download breaks
     * @param arrived hears of bytes as they arrive, those that are here already included; of fewer than 0 where what
     *                had arrived was not what it should be
     * @throws InputException if it is refused, breaks too often, is not what was published, cannot be written, or is
     *                        being fetched by another process
     */
    public void fetch(Path part, Path target, Retries retries, LongConsumer arrived) {
        String algorithm = algorithm();
        var content = new PartialFile.Content(address.toString(), bytes, algorithm, hash, () -> digest(algorithm));
        try (var partial = PartialFile.open(part, content, arrived, () -> false)) {
            if (!partial.tryLock()) {
                throw new InputException(part + ": another process is fetching " + address);
            }
            try {
                if (Files.notExists(target)) {      // another process may have finished before the lock was ours
                    partial.complete(() -> fill(partial, address.toString(), bytes, retries));
                    partial.become(target);
                }
            } finally {
                deleteIfEmpty(part);
            }
        }
    }

    private static void deleteIfEmpty(Path part) {
        try {
            if (Files.exists(part) && Files.size(part) == 0) {
                Files.delete(part);
            }
        } catch (IOException e) {
            throw InputException.unwritable(part, e);
        }
    }

    private String algorithm() {
        return hash.length() == 64 ? "SHA-256" : "MD5";
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);     // every JDK has them
        }
    }

    @Override
    public HttpAnswer get(Map<String, String> headers) throws IOException {
        URI uri = address;
        for (int redirects = 0; redirects <= REDIRECTS; redirects++) {
            HttpAnswer answer = HttpAnswer.of("GET", uri, headers, TIMEOUT);
            Optional<String> location = answer.header("Location");
            if (answer.status() / 100 != 3 || location.isEmpty()) {
                return accepted(answer);
            }
            answer.close();
            uri = target(uri, location.get());
        }
        throw new InputException(address + ": expected at most " + REDIRECTS + " redirects, found more");
    }

    private URI target(URI from, String location) {
        try {
            URI uri = from.resolve(location);
            boolean secure = "https".equalsIgnoreCase(uri.getScheme());
            if (uri.getHost() != null && (secure || "http".equalsIgnoreCase(uri.getScheme())
                    && from.getScheme().equalsIgnoreCase("http"))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // refused below, with those that are no better
        }
        throw new InputException(address + ": expected a redirect to an address as good as its own, found another");
    }

    private HttpAnswer accepted(HttpAnswer answer) throws IOException {
        int status = answer.status();
        if (status == 200 || status == 206) {
            requireSize(answer);
            return answer;
        }
        answer.close();
        if (status == 408 || status == 429 || status >= 500) {
            throw new Retries.NotNow(address.getHost() + " answered with status " + status, answer.retryAfter());
        }
        throw new InputException(address + ": refused with status " + status);
    }

    /** @throws InputException for another file, or a page in its place, before any of it is taken for the file */
    private void requireSize(HttpAnswer answer) throws IOException {
        long found = answer.status() == 206
                ? answer.header("Content-Range").filter(range -> range.matches(".*/\\d{1,18}"))
                        .map(range -> Long.parseLong(range.substring(range.lastIndexOf('/') + 1))).orElse(bytes)
                : answer.number("Content-Length").orElse(bytes);
        if (found != bytes) {
            answer.close();
            throw new InputException(address + ": expected " + bytes + " bytes, found " + found);
        }
    }
}
