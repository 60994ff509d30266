package org.diffusionclassifier.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Where the Hub and its cache are, and how to speak to it, by the environment variables of huggingface_hub
 * (constants.py, utils/_auth.py), so that both find the same models. Leans on nothing.
 *
 * @param endpoint      the Hub, or a mirror of it; http or https, no slash at the end
 * @param cache         the folder of all repositories; it need not exist
 * @param offline       whether the endpoint must not be asked for anything
 * @param token         what proves who asks; {@link HubRequests} sends it to the endpoint alone
 * @param answerTimeout how long nothing may arrive of what describes a model
 * @param readTimeout   how long nothing may arrive of a file
 * @param symlinks      whether snapshots may consist of links; else they hold copies
 */
public record HubSettings(URI endpoint, Path cache, boolean offline, Optional<String> token, Duration answerTimeout,
                          Duration readTimeout, boolean symlinks) {

    private static final String PUBLIC_ENDPOINT = "https://huggingface.co";
    private static final int TIMEOUT_SECONDS = 10;
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final Pattern TOKEN = Pattern.compile("[!-~]+");

    /**
     * What the environment says.
     *
     * @param home the user's home directory
     * @throws InputException for a value that is none of its variable's, or a file of the token that cannot be read
     */
    public static HubSettings of(Map<String, String> environment, Path home) {
        var variables = new Variables(environment, home);
        Path huggingFace = variables.path("HF_HOME").orElseGet(() -> variables.path("XDG_CACHE_HOME")
                .orElse(home.resolve(".cache")).resolve("huggingface"));
        Path cache = variables.path("HF_HUB_CACHE").or(() -> variables.path("HUGGINGFACE_HUB_CACHE"))
                .orElse(huggingFace.resolve("hub"));
        return new HubSettings(variables.endpoint(), cache.toAbsolutePath().normalize(),
                variables.flag("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"), variables.token(huggingFace),
                variables.seconds("HF_HUB_ETAG_TIMEOUT"), variables.seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
                !variables.flag("HF_HUB_DISABLE_SYMLINKS"));
    }

    /** The same without asking the Hub for anything. */
    public HubSettings withoutNetwork() {
        return new HubSettings(endpoint, cache, true, token, answerTimeout, readTimeout, symlinks);
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "HubSettings[endpoint=" + endpoint + ", cache=" + cache + ", offline=" + offline
                + ", token=" + (token.isPresent() ? "given" : "none") + ", answerTimeout=" + answerTimeout
                + ", readTimeout=" + readTimeout + ", symlinks=" + symlinks + "]";
    }

    /** The environment. A variable that is empty is taken for one that is not set. */
    private record Variables(Map<String, String> environment, Path home) {

        Optional<String> value(String name) {
            return Optional.ofNullable(environment.get(name)).map(String::strip).filter(Predicate.not(String::isEmpty));
        }

        /** Whether the first of them that is set says yes. */
        boolean flag(String... names) {
            return Stream.of(names).map(this::value).flatMap(Optional::stream).findFirst()
                    .map(value -> TRUE.contains(value.toUpperCase(Locale.ROOT))).orElse(false);
        }

        Optional<Path> path(String name) {
            return value(name).map(value -> {
                try {
                    return value.equals("~") ? home
                            : value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value);
                } catch (InvalidPathException e) {
                    throw new InputException(name + ": expected a path, found " + InputException.quoted(value), e);
                }
            });
        }

        Duration seconds(String name) {
            String value = value(name).orElse(Integer.toString(TIMEOUT_SECONDS));
            try {
                int seconds = Integer.parseInt(value);
                if (seconds > 0) {
                    return Duration.ofSeconds(seconds);
                }
            } catch (NumberFormatException e) {
                // refused below, with those that are not positive
            }
            throw new InputException(name + ": expected seconds from 1, found " + InputException.quoted(value));
        }

        URI endpoint() {
            String value = value("HF_ENDPOINT").orElse(PUBLIC_ENDPOINT).replaceFirst("/+$", "");
            try {
                URI uri = URI.create(value);
                if (uri.getHost() != null && Set.of("http", "https").contains(uri.getScheme())
                        && uri.getRawUserInfo() == null && uri.getRawQuery() == null && uri.getRawFragment() == null) {
                    return uri;
                }
            } catch (IllegalArgumentException e) {
                // refused below, with addresses of another kind
            }
            // A name and password may be in it, so the value is not repeated.
            throw new InputException("HF_ENDPOINT: expected an address as " + PUBLIC_ENDPOINT
                    + ", without user, password or query");
        }

        Optional<String> token(Path huggingFace) {
            if (flag("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
                return Optional.empty();
            }
            for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
                if (value(name).isPresent()) {
                    return value(name).map(token -> checked(token, name));
                }
            }
            Path file = path("HF_TOKEN_PATH").orElse(huggingFace.resolve("token"));
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            try {
                return Optional.of(Files.readString(file).strip()).filter(Predicate.not(String::isEmpty))
                        .map(token -> checked(token, file.toString()));
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }

        /** A token is sent as a header, which nothing in it may end; the message does not repeat it. */
        private static String checked(String token, String source) {
            if (!TOKEN.matcher(token).matches()) {
                throw new InputException(source + ": expected a token of letters, digits and punctuation on one line");
            }
            return token;
        }
    }
}
