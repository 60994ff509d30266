package org.diffusionclassifier.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.diffusionclassifier.download.HttpAnswer;
import org.diffusionclassifier.download.Retries;
import org.diffusionclassifier.download.Sink;
import org.diffusionclassifier.download.Source;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.hub.RemoteRepository.Gate;
import org.diffusionclassifier.tensor.InputException;

/**
 * Asks the Hub. The protocol is that of huggingface_hub (hf_api.py, file_download.py):
 *
 * <pre>
 * GET  /api/models/NAME/revision/REVISION?blobs=true     commit, files, sizes, hashes, card
 * GET  /api/models/NAME/tree/COMMIT?recursive=true       files, sizes, hashes, in pages
 * HEAD /NAME/resolve/COMMIT/PATH                         size and hash of one file
 * GET  /NAME/resolve/COMMIT/PATH                         its content, from any byte on
 * </pre>
 *
 * Mirrors may leave sizes and hashes out of the first; then the second is asked, and of files that are wanted the
 * third. May be used from any thread.
 */
public final class HubClient {

    /** Of a list of files; the largest repositories have some megabytes. */
    private static final int MAX_JSON_BYTES = 64 << 20;

    /** Of a configuration; those of label names have some hundred kilobytes. */
    private static final int MAX_TEXT_BYTES = 4 << 20;

    private static final int MAX_PAGES = 1000;
    private static final Pattern NEXT_PAGE = Pattern.compile("<([^>]*)>\\s*;[^,]*\\brel=\"?next\"?");

    private final HubSettings settings;
    private final HubRequests requests;
    private final Retries retries;

    public HubClient(HubSettings settings) {
        this(settings, Retries.FIVE);
    }

    /** One that gives up at the first failure of the network, for what can be done without. */
    public static HubClient withoutRetries(HubSettings settings) {
        return new HubClient(settings, Retries.NONE);
    }

    HubClient(HubSettings settings, Retries retries) {
        this.settings = settings;
        this.requests = new HubRequests(settings);
        this.retries = retries;
    }

    /**
     * What there is of a model.
     *
     * @throws InputException if there is no such model or revision, it needs a token, or the Hub does not answer
     */
    public RemoteRepository repository(RepositoryName name, Revision revision) {
        var subject = new Subject(name, revision, null);
        URI uri = URI.create(settings.endpoint() + "/api/models/" + name + "/revision/" + quoted(revision.value())
                + "?blobs=true");
        JsonNode info = retries.run(subject.toString(), () -> {
            try (HttpAnswer answer = requests.get(uri, Map.of(), subject, settings.answerTimeout())) {
                return json(answer.body(), subject);
            }
        });
        String commit = info.path("sha").asText();
        if (!commit.matches("[0-9a-f]{40}") || !info.path("siblings").isArray()) {
            throw new InputException(subject + ": expected a commit and a list of files from " + settings.endpoint()
                    + ", found neither");
        }
        var files = new ArrayList<RemoteFile>();
        for (JsonNode sibling : info.get("siblings")) {
            files.add(file(subject, sibling, "rfilename", "blobId", "sha256"));
        }
        return new RemoteRepository(name, revision, commit, described(name, commit, files), licence(info), gate(info));
    }

    private List<RemoteFile> described(RepositoryName name, String commit, List<RemoteFile> files) {
        return (files.stream().allMatch(RemoteFile::isDescribed) ? files.stream() : tree(name, commit).stream())
                .sorted(Comparator.comparing(RemoteFile::path)).toList();
    }

    private List<RemoteFile> tree(RepositoryName name, String commit) {
        var subject = new Subject(name, new Revision(commit), null);
        var files = new ArrayList<RemoteFile>();
        URI uri = URI.create(settings.endpoint() + "/api/models/" + name + "/tree/" + commit + "?recursive=true");
        for (int page = 0; uri != null; page++) {
            if (page == MAX_PAGES) {
                throw new InputException(subject + ": expected a list of files of at most " + MAX_PAGES
                        + " pages, found more");
            }
            uri = page(uri, subject, files);
        }
        return files;
    }

    /** Adds a page's files. @return the next page; null after the last */
    private URI page(URI uri, Subject subject, List<RemoteFile> files) {
        return retries.run(subject.toString(), () -> {
            try (HttpAnswer answer = requests.get(uri, Map.of(), subject, settings.answerTimeout())) {
                for (JsonNode entry : json(answer.body(), subject)) {
                    if (entry.path("type").asText().equals("file")) {
                        files.add(file(subject, entry, "path", "oid", "oid"));
                    }
                }
                return answer.all("Link").stream().map(NEXT_PAGE::matcher).filter(Matcher::find)
                        .map(link -> uri.resolve(link.group(1))).findFirst().orElse(null);
            }
        });
    }

    private static RemoteFile file(Subject subject, JsonNode entry, String path, String hash, String lfsHash) {
        try {
            JsonNode large = entry.path("lfs");
            return new RemoteFile(entry.path(path).asText(), entry.path("size").asLong(-1),
                    BlobHash.of(large.isObject() ? large.path(lfsHash).asText() : entry.path(hash).asText()));
        } catch (InputException e) {
            throw new InputException(subject + ": " + e.getMessage(), e);
        }
    }

    /** The card's licence; repositories without a card may still have a tag. */
    private static Optional<String> licence(JsonNode info) {
        JsonNode licence = info.path("cardData").path("license");
        if (licence.isTextual() && !licence.asText().equals("other")) {
            return Optional.of(licence.asText());
        }
        String named = info.path("cardData").path("license_name").asText();
        if (!named.isEmpty()) {
            return Optional.of(named);
        }
        for (JsonNode tag : info.path("tags")) {
            if (tag.asText().startsWith("license:")) {
                return Optional.of(tag.asText().substring("license:".length()));
            }
        }
        return Optional.empty();
    }

    private static Gate gate(JsonNode info) {
        return switch (info.path("gated").asText("false")) {
            case "auto", "true" -> Gate.AUTOMATIC;
            case "manual" -> Gate.MANUAL;
            default -> Gate.NONE;
        };
    }

    /**
     * The file with its size and hash, asked for where the list of files does not say them.
     *
     * @throws InputException if the Hub does not say them either
     */
    RemoteFile described(RemoteRepository repository, RemoteFile file) {
        if (file.isDescribed()) {
            return file;
        }
        var subject = new Subject(repository.name(), repository.revision(), file.path());
        return retries.run(subject.toString(), () -> {
            HttpAnswer answer = requests.head(resolve(repository, file), subject);
            answer.close();
            Optional<BlobHash> hash = answer.header("X-Linked-Etag").or(() -> answer.header("ETag"))
                    .flatMap(BlobHash::ofEtag);
            var found = new RemoteFile(file.path(), answer.number("X-Linked-Size").orElse(
                    answer.status() / 100 == 3 ? -1 : answer.number("Content-Length").orElse(-1)), hash);
            requireCommit(answer, repository, subject);
            if (!found.isDescribed()) {
                throw new InputException(subject + ": expected its size and its hash as ETag from "
                        + settings.endpoint() + ", found " + (hash.isPresent() ? "no size" : "no such ETag"));
            }
            return found;
        });
    }

    /**
     * Fetches what {@code sink} does not have yet.
     *
     * @throws InputException if it is refused, or broke too often
     */
    void download(RemoteRepository repository, RemoteFile file, Sink sink) {
        var subject = new Subject(repository.name(), repository.revision(), file.path());
        Source source = headers -> get(repository, file, headers, subject);
        source.fill(sink, subject.toString(), file.size(), retries);
    }

    /**
     * A small file's text, which goes past the cache. Its hash is not checked.
     *
     * @throws InputException if it is refused, broke too often, or is larger than a configuration ever is
     */
    public String text(RemoteRepository repository, RemoteFile file) {
        var subject = new Subject(repository.name(), repository.revision(), file.path());
        return retries.run(subject.toString(), () -> {
            try (HttpAnswer answer = get(repository, file, Map.of(), subject)) {
                byte[] bytes = answer.body().readNBytes(MAX_TEXT_BYTES + 1);
                if (bytes.length > MAX_TEXT_BYTES) {
                    throw new InputException(subject + ": expected at most " + MAX_TEXT_BYTES + " bytes, found more");
                }
                return new String(bytes, StandardCharsets.UTF_8);
            }
        });
    }

    private HttpAnswer get(RemoteRepository repository, RemoteFile file, Map<String, String> headers, Subject subject)
            throws IOException {
        HttpAnswer answer = requests.get(resolve(repository, file), headers, subject, settings.readTimeout());
        try {
            requireCommit(answer, repository, subject);
        } catch (InputException e) {
            answer.close();
            throw e;
        }
        return answer;
    }

    /** @throws InputException if the endpoint answers with another commit's file; other hosts do not say */
    private static void requireCommit(HttpAnswer answer, RemoteRepository repository, Subject subject) {
        String commit = answer.header("X-Repo-Commit").orElse(repository.commit());
        if (!commit.equals(repository.commit())) {
            throw new InputException(subject + ": expected commit " + repository.commit() + ", found "
                    + InputException.quoted(commit));
        }
    }

    private URI resolve(RemoteRepository repository, RemoteFile file) {
        return URI.create(settings.endpoint() + "/" + repository.name() + "/resolve/" + repository.commit() + "/"
                + Arrays.stream(file.path().split("/")).map(HubClient::quoted).collect(Collectors.joining("/")));
    }

    private static JsonNode json(InputStream in, Subject subject) throws IOException {
        byte[] bytes = in.readNBytes(MAX_JSON_BYTES + 1);
        if (bytes.length > MAX_JSON_BYTES) {
            throw new InputException(subject + ": expected a list of files of at most " + MAX_JSON_BYTES
                    + " bytes, found more");
        }
        try {
            return JsonFile.MAPPER.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new InputException(subject + ": expected JSON from the Hub, found something else", e);
        }
    }

    /** For a segment of an address: everything but letters, digits and {@code -_.~} as {@code %XX} (RFC 3986). */
    private static String quoted(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A")
                .replace("%7E", "~");
    }
}
