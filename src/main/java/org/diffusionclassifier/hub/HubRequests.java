package org.diffusionclassifier.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.download.Retries;
import org.diffusionclassifier.download.Source;
import org.diffusionclassifier.tensor.InputException;

/**
 * Requests as the Hub wants them. It redirects to other hosts for contents, which must not see the token; it asks for
 * patience by statuses and headers; and it says by {@code X-Error-Code} what a refusal is about ({@link Refusals}).
 * Leans on java.net.http.
 */
final class HubRequests {

    private static final int REDIRECTS = 5;
    private static final Pattern RESET = Pattern.compile("\\bt=(\\d{1,9})");

    /** Of java.net.http's buffers, for the whole JVM; there is no setting for one client. */
    private static final String BUFFER_SIZE = "jdk.httpclient.bufsize";

    static {
        if (System.getProperty(BUFFER_SIZE) == null) {
            // Each buffer goes from thread to thread: with those of 16 KiB a pull takes twice the processor time.
            System.setProperty(BUFFER_SIZE, Integer.toString(1 << 20));
        }
    }

    private final HubSettings settings;
    private final Refusals refusals;
    private final HttpClient client;

    HubRequests(HubSettings settings) {
        this.settings = settings;
        this.refusals = new Refusals(settings);
        this.client = HttpClient.newBuilder()
                // One connection a file: over the one connection of HTTP/2 eight files would share one window.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.answerTimeout())
                .build();
    }

    /**
     * GET, following redirects wherever they lead, once.
     *
     * @return an answer of status 200 or 206, whose content has to be closed
     * @throws IOException    if it may be tried again
     * @throws InputException if it is refused
     */
    HttpResponse<InputStream> get(URI uri, Map<String, String> headers, Subject subject)
            throws IOException, InterruptedException {
        return follow("GET", uri, headers, subject);
    }

    /**
     * HEAD, following relative redirects alone, as those of a renamed repository are. One to another host leads to a
     * content, and the answer that redirects is the one that describes it.
     *
     * @throws IOException    if it may be tried again
     * @throws InputException if it is refused
     */
    HttpResponse<InputStream> head(URI uri, Subject subject) throws IOException, InterruptedException {
        return follow("HEAD", uri, Map.of(), subject);
    }

    private HttpResponse<InputStream> follow(String method, URI first, Map<String, String> headers, Subject subject)
            throws IOException, InterruptedException {
        if (settings.offline()) {
            throw new InputException(subject + ": not asked for at " + settings.endpoint()
                    + ", as HF_HUB_OFFLINE forbids it");
        }
        URI uri = first;
        for (int redirects = 0; redirects <= REDIRECTS; redirects++) {
            var answer = send(request(method, uri, headers));
            Optional<String> location = answer.headers().firstValue("Location");
            boolean redirected = answer.statusCode() / 100 == 3 && location.isPresent();
            if (!redirected || method.equals("HEAD") && isAbsolute(location.get())) {
                return accepted(answer, uri, subject);
            }
            answer.body().close();
            uri = target(uri, location.get(), subject);
        }
        throw new InputException(subject + ": expected at most " + REDIRECTS + " redirects from " + settings.endpoint()
                + ", found more");
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.send(request, BodyHandlers.ofInputStream());
        } catch (ConnectException e) {      // its own message is often empty
            throw new IOException("no connection to " + request.uri().getAuthority(), e);
        } catch (HttpTimeoutException e) {
            throw new IOException("no answer from " + request.uri().getAuthority() + " within "
                    + settings.answerTimeout().toSeconds() + " seconds", e);
        }
    }

    private HttpRequest request(String method, URI uri, Map<String, String> headers) {
        var request = HttpRequest.newBuilder(uri).timeout(settings.answerTimeout())
                .method(method, HttpRequest.BodyPublishers.noBody())
                .header("User-Agent", "diffusion-classifier")
                .header("Accept-Encoding", "identity");     // sizes and ranges are those of the file itself
        headers.forEach(request::header);
        if (isEndpoint(uri)) {
            settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
        }
        return request.build();
    }

    /** Whether the token may be sent there: to the same scheme, host and port. */
    private boolean isEndpoint(URI uri) {
        URI endpoint = settings.endpoint();
        return endpoint.getScheme().equalsIgnoreCase(uri.getScheme())
                && endpoint.getHost().equalsIgnoreCase(uri.getHost()) && port(endpoint) == port(uri);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }

    private static boolean isAbsolute(String location) {
        return location.startsWith("//") || location.matches("[A-Za-z][A-Za-z0-9+.-]*:.*");
    }

    private static URI target(URI from, String location, Subject subject) {
        try {
            URI uri = from.resolve(location);
            boolean secure = "https".equalsIgnoreCase(uri.getScheme());
            if (uri.getHost() != null
                    && (secure || "http".equalsIgnoreCase(uri.getScheme()) && !from.getScheme().equals("https"))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // refused below, with those that are no better
        }
        throw new InputException(subject + ": expected a redirect from " + from.getHost()
                + " to an address as good as its own, found another");
    }

    private HttpResponse<InputStream> accepted(HttpResponse<InputStream> answer, URI uri, Subject subject)
            throws IOException {
        int status = answer.statusCode();
        if (status / 100 == 2 || status / 100 == 3) {
            return answer;
        }
        answer.body().close();
        // Addresses of contents on other hosts are signed for a time: the endpoint gives a new one.
        if (status == 408 || status == 429 || status >= 500 || !isEndpoint(uri)) {
            throw new Retries.NotNow(uri.getHost() + " answered with status " + status, patience(answer));
        }
        throw refusals.of(answer, subject);
    }

    /** {@code Retry-After}, or the time to the end of the window in {@code RateLimit}. */
    private static Optional<Duration> patience(HttpResponse<?> answer) {
        Optional<Duration> after = Source.retryAfter(answer);
        return after.isPresent() || answer.statusCode() != 429 ? after
                : answer.headers().firstValue("RateLimit").map(RESET::matcher).filter(Matcher::find)
                        .map(found -> Duration.ofSeconds(Long.parseLong(found.group(1)) + 1));
    }
}
