package org.diffusionclassifier.download;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Map;
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
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(TIMEOUT)
            .build();

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
                    partial.complete(() -> fill(partial, address.toString(), bytes, retries, TIMEOUT));
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
    public HttpResponse<InputStream> get(Map<String, String> headers) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address).timeout(TIMEOUT)
                .header("User-Agent", "diffusion-classifier")
                .header("Accept-Encoding", "identity");     // sizes and ranges are those of the file itself
        headers.forEach(request::header);
        var answer = send(request.build());
        int status = answer.statusCode();
        if (status == 200 || status == 206) {
            requireSize(answer);
            return answer;
        }
        answer.body().close();
        if (status == 408 || status == 429 || status >= 500) {
            throw new Retries.NotNow(address.getHost() + " answered with status " + status, Source.retryAfter(answer));
        }
        throw new InputException(address + ": refused with status " + status);
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return CLIENT.send(request, BodyHandlers.ofInputStream());
        } catch (ConnectException e) {      // its own message is often empty
            throw new IOException("no connection to " + address.getAuthority(), e);
        } catch (HttpTimeoutException e) {
            throw new IOException("no answer from " + address.getAuthority() + " within " + TIMEOUT.toSeconds()
                    + " seconds", e);
        }
    }

    /** @throws InputException for another file, or a page in its place, before any of it is taken for the file */
    private void requireSize(HttpResponse<InputStream> answer) throws IOException {
        long found = answer.statusCode() == 206
                ? answer.headers().firstValue("Content-Range").filter(range -> range.matches(".*/\\d{1,18}"))
                        .map(range -> Long.parseLong(range.substring(range.lastIndexOf('/') + 1))).orElse(bytes)
                : answer.headers().firstValueAsLong("Content-Length").orElse(bytes);
        if (found != bytes) {
            answer.body().close();
            throw new InputException(address + ": expected " + bytes + " bytes, found " + found);
        }
    }
}
