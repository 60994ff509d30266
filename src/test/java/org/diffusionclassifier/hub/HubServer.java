package org.diffusionclassifier.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.diffusionclassifier.file.JsonFile;

/**
 * A Hub with one model, on two hosts as the real one has: an endpoint that describes files and serves small ones, and
 * another host to which it redirects for large ones. Misbehaves when told to.
 */
public final class HubServer implements AutoCloseable {

    public static final RepositoryName MODEL = new RepositoryName("org/model");
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final int CHUNK = 8192;

    /** Takes the place of an answer. */
    interface Misbehaviour {

        void answer(HttpExchange exchange) throws IOException;
    }

    public record Request(String method, String path, String range, String authorization) {
    }

    private record Stored(String path, byte[] content, boolean large) {
    }

    private final HttpServer endpoint = start();
    private final HttpServer contents = start();
    private final Map<String, Stored> files = new LinkedHashMap<>();
    private final Queue<Misbehaviour> atEndpoint = new ConcurrentLinkedQueue<>();
    private final Queue<Misbehaviour> atContents = new ConcurrentLinkedQueue<>();
    private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong served = new AtomicLong();
    volatile long millisecondsPerChunk;
    volatile boolean sizesListed = true;

    private final RepositoryName model;
    private volatile boolean closed;

    /** With {@link #MODEL}. */
    public HubServer() {
        this(MODEL);
    }

    public HubServer(RepositoryName model) {
        this.model = model;
        endpoint.createContext("/", exchange -> answer(exchange, atEndpoint, this::atEndpoint));
        contents.createContext("/", exchange -> answer(exchange, atContents,
                content -> send(content, files.get(query(content, "path")))));
    }

    private static HttpServer start() {
        try {
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(Executors.newCachedThreadPool(task -> {
                var thread = new Thread(task);
                thread.setDaemon(true);
                return thread;
            }));
            server.start();
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Gives files to those with a token alone, as of a gated model. */
    public HubServer closedToStrangers() {
        closed = true;
        return this;
    }

    /** With all files of a folder, weights as large ones. */
    public HubServer withAll(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path file : paths.filter(Files::isRegularFile).sorted().toList()) {
                String path = folder.relativize(file).toString();
                with(path, Files.readAllBytes(file), path.endsWith(".safetensors"));
            }
        }
        return this;
    }

    public HubServer with(String path, byte[] content, boolean large) {
        files.put(path, new Stored(path, content, large));
        return this;
    }

    /** The endpoint's next answers. */
    HubServer next(Misbehaviour... misbehaviours) {
        atEndpoint.addAll(List.of(misbehaviours));
        return this;
    }

    /** The next answers of the host with the contents. */
    HubServer nextContent(Misbehaviour... misbehaviours) {
        atContents.addAll(List.of(misbehaviours));
        return this;
    }

    /** An answer of a status and headers, name after name and value. */
    static Misbehaviour status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        };
    }

    static Misbehaviour text(String content) {
        return exchange -> {
            byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        };
    }

    public String url() {
        return "http://127.0.0.1:" + endpoint.getAddress().getPort();
    }

    HubSettings settings(Path cache, String... variables) {
        var environment = new LinkedHashMap<>(Map.of("HF_ENDPOINT", url(), "HF_HUB_CACHE", cache.toString()));
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return HubSettings.of(environment, cache.resolveSibling("home"));
    }

    public List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Bytes of files' contents that went out. */
    public long served() {
        return served.get();
    }

    public long total() {
        return files.values().stream().mapToLong(file -> file.content.length).sum();
    }

    byte[] content(String path) {
        return files.get(path).content;
    }

    private void answer(HttpExchange exchange, Queue<Misbehaviour> misbehaviours, Misbehaviour otherwise)
            throws IOException {
        requests.add(new Request(exchange.getRequestMethod(), exchange.getRequestURI().getPath(),
                exchange.getRequestHeaders().getFirst("Range"),
                exchange.getRequestHeaders().getFirst("Authorization")));
        Misbehaviour next = misbehaviours.poll();
        try (exchange) {
            (next == null ? otherwise : next).answer(exchange);
        }
    }

    private void atEndpoint(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String resolve = "/" + model + "/resolve/" + COMMIT + "/";
        if (path.matches("/api/models/" + model + "/revision/(main|v1|refs/pr/1|" + COMMIT + ")")) {
            info(exchange);
        } else if (path.equals("/api/models/" + model + "/tree/" + COMMIT)) {
            tree(exchange);
        } else if (path.startsWith(resolve) && closed
                && exchange.getRequestHeaders().getFirst("Authorization") == null) {
            status(401, "X-Error-Code", "GatedRepo").answer(exchange);
        } else if (path.startsWith(resolve) && files.containsKey(path.substring(resolve.length()))) {
            file(exchange, files.get(path.substring(resolve.length())));
        } else {
            status(404, "X-Error-Code", path.startsWith(resolve) ? "EntryNotFound"
                    : path.contains("/" + model) ? "RevisionNotFound" : "RepoNotFound").answer(exchange);
        }
    }

    private void info(HttpExchange exchange) throws IOException {
        var siblings = files.values().stream().map(file -> {
            var sibling = new LinkedHashMap<String, Object>(Map.of("rfilename", file.path));
            if (sizesListed) {
                sibling.put("size", file.content.length);
                sibling.put("blobId", gitHash(file.content));
                if (file.large) {
                    sibling.put("lfs", Map.of("sha256", sha256(file.content), "size", file.content.length));
                }
            }
            return sibling;
        }).toList();
        text(JsonFile.MAPPER.writeValueAsString(Map.of("sha", COMMIT, "siblings", siblings, "gated", "manual",
                "cardData", Map.of("license", "openrail++")))).answer(exchange);
    }

    /** Two files a page. */
    private void tree(HttpExchange exchange) throws IOException {
        String at = query(exchange, "cursor");
        int page = at == null ? 0 : Integer.parseInt(at);
        var entries = new ArrayList<Map<String, Object>>();
        entries.add(Map.of("type", "directory", "path", "unet", "oid", gitHash(new byte[0]), "size", 0));
        files.values().stream().skip(2L * page).limit(2).forEach(file -> {
            var entry = new LinkedHashMap<String, Object>(Map.of("type", "file", "path", file.path,
                    "size", file.content.length, "oid", gitHash(file.content)));
            if (file.large) {
                entry.put("lfs", Map.of("oid", sha256(file.content), "size", file.content.length));
            }
            entries.add(entry);
        });
        if (2 * page + 2 < files.size()) {
            exchange.getResponseHeaders().add("Link", "<" + url() + exchange.getRequestURI().getPath()
                    + "?recursive=true&cursor=" + (page + 1) + ">; rel=\"next\"");
        }
        text(JsonFile.MAPPER.writeValueAsString(entries)).answer(exchange);
    }

    private void file(HttpExchange exchange, Stored file) throws IOException {
        var headers = exchange.getResponseHeaders();
        headers.add("X-Repo-Commit", COMMIT);
        if (file.large) {
            headers.add("X-Linked-Etag", "\"" + sha256(file.content) + "\"");
            headers.add("X-Linked-Size", Integer.toString(file.content.length));
            headers.add("ETag", "\"of the redirection\"");
            headers.add("Location", "http://localhost:" + contents.getAddress().getPort() + "/c?path="
                    + file.path.replace(" ", "%20") + "&signature=secret");
            exchange.sendResponseHeaders(302, -1);
        } else {
            headers.add("ETag", "W/\"" + gitHash(file.content) + "\"");
            send(exchange, file);
        }
    }

    private void send(HttpExchange exchange, Stored file) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
        int length = file.content.length - from;
        if (range != null) {
            exchange.getResponseHeaders().add("Content-Range",
                    "bytes " + from + "-" + (file.content.length - 1) + "/" + file.content.length);
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("Content-Length", Integer.toString(length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(range == null ? 200 : 206, length == 0 ? -1 : length);
        write(exchange.getResponseBody(), file.content, from, length);
    }

    private void write(OutputStream out, byte[] content, int from, int length) throws IOException {
        for (int at = 0; at < length; at += CHUNK) {
            int bytes = Math.min(CHUNK, length - at);
            out.write(content, from + at, bytes);
            out.flush();
            served.addAndGet(bytes);
            pause(millisecondsPerChunk);
        }
    }

    /** The first {@code bytes} of a file under its full length, then the end of the connection. */
    Misbehaviour cut(String path, int bytes) {
        return exchange -> {
            exchange.sendResponseHeaders(200, files.get(path).content.length);
            write(exchange.getResponseBody(), files.get(path).content, 0, bytes);
            // Closed without the rest, the server ends the connection.
        };
    }

    /** The whole of a file whatever was asked for. */
    Misbehaviour all(String path) {
        return exchange -> {
            exchange.sendResponseHeaders(200, files.get(path).content.length);
            write(exchange.getResponseBody(), files.get(path).content, 0, files.get(path).content.length);
        };
    }

    static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String query(HttpExchange exchange, String name) {
        String query = exchange.getRequestURI().getQuery();
        for (String part : query == null ? new String[0] : query.split("&")) {
            if (part.startsWith(name + "=")) {
                return part.substring(name.length() + 1);
            }
        }
        return null;
    }

    static String sha256(byte[] content) {
        return digest("SHA-256", new byte[0], content);
    }

    static String gitHash(byte[] content) {
        return digest("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8), content);
    }

    private static String digest(String algorithm, byte[] first, byte[] second) {
        try {
            var digest = MessageDigest.getInstance(algorithm);
            digest.update(first);
            return HexFormat.of().formatHex(digest.digest(second));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The name of a file's blob. */
    String etag(String path) {
        Stored file = files.get(path);
        return file.large ? sha256(file.content) : gitHash(file.content);
    }

    @Override
    public void close() {
        endpoint.stop(0);
        contents.stop(0);
    }
}
