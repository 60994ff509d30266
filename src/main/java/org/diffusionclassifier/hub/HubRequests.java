package org.diffusionclassifier.hub;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.download.HttpAnswer;
import org.diffusionclassifier.download.Retries;
import org.diffusionclassifier.tensor.InputException;

/**
 * Requests as the Hub wants them. It redirects to other hosts for contents, which must not see the token; it asks for
 * patience by statuses and headers; and it says by {@code X-Error-Code} what a refusal is about ({@link Refusals}).
 */
final class HubRequests {

    private static final int REDIRECTS = 5;
    private static final Pattern RESET = Pattern.compile("\\bt=(\\d{1,9})");

    private final HubSettings settings;
    private final Refusals refusals;

    HubRequests(HubSettings settings) {
        this.settings = settings;
        this.refusals = new Refusals(settings);
    }

    /**
     * GET, following redirects wherever they lead, once.
     *
     * @param timeout how long nothing may arrive
     * @return an answer of status 200 or 206, whose content has to be closed
     * @throws IOException    if it may be tried again
     * @throws InputException if it is refused
     */
    HttpAnswer get(URI uri, Map<String, String> headers, Subject subject, Duration timeout) throws IOException {
        return follow("GET", uri, headers, subject, timeout);
    }

    /**
     * HEAD, following relative redirects alone, as those of a renamed repository are. One to another host leads to a
     * content, and the answer that redirects is the one that describes it.
     *
     * @throws IOException    if it may be tried again
     * @throws InputException if it is refused
     */
    HttpAnswer head(URI uri, Subject subject) throws IOException {
        return follow("HEAD", uri, Map.of(), subject, settings.answerTimeout());
    }

    private HttpAnswer follow(String method, URI first, Map<String, String> headers, Subject subject,
            Duration timeout) throws IOException {
        if (settings.offline()) {
            throw new InputException(subject + ": not asked for at " + settings.endpoint()
                    + ", as HF_HUB_OFFLINE forbids it");
        }
        URI uri = first;
        for (int redirects = 0; redirects <= REDIRECTS; redirects++) {
            HttpAnswer answer = HttpAnswer.of(method, uri, authorized(uri, headers), timeout);
            Optional<String> location = answer.header("Location");
            boolean redirected = answer.status() / 100 == 3 && location.isPresent();
            if (!redirected || method.equals("HEAD") && isAbsolute(location.get())) {
                return accepted(answer, uri, subject);
            }
            answer.close();
            uri = target(uri, location.get(), subject);
        }
        throw new InputException(subject + ": expected at most " + REDIRECTS + " redirects from " + settings.endpoint()
                + ", found more");
    }

    private Map<String, String> authorized(URI uri, Map<String, String> headers) {
        var all = new HashMap<String, String>(headers);
        if (isEndpoint(uri)) {
            settings.token().ifPresent(token -> all.put("Authorization", "Bearer " + token));
        }
        return all;
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

    private HttpAnswer accepted(HttpAnswer answer, URI uri, Subject subject) throws IOException {
        int status = answer.status();
        if (status / 100 == 2 || status / 100 == 3) {
            return answer;
        }
        answer.close();
        // Addresses of contents on other hosts are signed for a time: the endpoint gives a new one.
        if (status == 408 || status == 429 || status >= 500 || !isEndpoint(uri)) {
            throw new Retries.NotNow(uri.getHost() + " answered with status " + status, patience(answer));
        }
        throw refusals.of(answer, subject);
    }

    /** {@code Retry-After}, or the time to the end of the window in {@code RateLimit}. */
    private static Optional<Duration> patience(HttpAnswer answer) {
        Optional<Duration> after = answer.retryAfter();
        return after.isPresent() || answer.status() != 429 ? after
                : answer.header("RateLimit").map(RESET::matcher).filter(Matcher::find)
                        .map(found -> Duration.ofSeconds(Long.parseLong(found.group(1)) + 1));
    }
}
