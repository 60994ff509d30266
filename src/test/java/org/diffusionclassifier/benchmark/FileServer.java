package org.diffusionclassifier.benchmark;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;

/** Serves files on the loopback, by ranges; misbehaves when told to. */
public final class FileServer implements AutoCloseable {

    private final HttpServer server;
    private final Map<String, byte[]> files = new HashMap<>();
    private final Map<String, String> redirects = new HashMap<>();
    private final Queue<Integer> breaks = new ConcurrentLinkedQueue<>();
    private final Queue<Integer> statuses = new ConcurrentLinkedQueue<>();
    private final List<String> ranges = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean servesRanges = true;

    public FileServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool(task -> {
            var thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        }));
        server.createContext("/", this::answer);
        server.start();
    }

    public int port() {
        return server.getAddress().getPort();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    public FileServer with(String path, byte[] content) {
        files.put(path, content);
        return this;
    }

    FileServer redirect(String path, String to) {
        redirects.put(path, to);
        return this;
    }

    /** The next answers end after so many bytes each. */
    FileServer breakAfter(Integer... bytes) {
        breaks.addAll(List.of(bytes));
        return this;
    }

    /** The next answers. */
    FileServer status(Integer... next) {
        statuses.addAll(List.of(next));
        return this;
    }

    FileServer ranges(boolean served) {
        servesRanges = served;
        return this;
    }

    /** The ranges that were asked for, {@code none} for all of a file. */
    public List<String> ranges() {
        return List.copyOf(ranges);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        String path = exchange.getRequestURI().getPath();
        byte[] content = files.get(path);
        try (exchange) {
            if (redirects.containsKey(path)) {
                exchange.getResponseHeaders().add("Location", redirects.get(path));
                exchange.sendResponseHeaders(302, -1);
                return;
            }
            ranges.add(range == null ? "none" : range);
            Integer status = statuses.poll();
            if (status != null || content == null) {
                exchange.sendResponseHeaders(status == null ? 404 : status, -1);
                return;
            }
            boolean partial = range != null && servesRanges;
            int from = partial ? Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1")) : 0;
            if (partial) {
                exchange.getResponseHeaders().add("Content-Range",
                        "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            int length = content.length - from;
            exchange.sendResponseHeaders(partial ? 206 : 200, length == 0 ? -1 : length);
            Integer end = breaks.poll();
            exchange.getResponseBody().write(content, from, end == null ? length : Math.min(end, length));
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
