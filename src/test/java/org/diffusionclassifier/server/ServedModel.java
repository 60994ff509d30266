package org.diffusionclassifier.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.server.http.HttpLimits;

/** The bundled model behind a server of its own, on any free port, with clients: the JDK's, and bare sockets. */
public final class ServedModel implements AutoCloseable {

    /** Trials that take the bundled model many seconds. */
    public static final String[] LONG = {"strategy", "exhaustive", "nSamples", "1000"};

    private final DiffusionModel model;
    private final ClassifierServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> log = new CopyOnWriteArrayList<>();

    private ServedModel(ServeSpec spec) {
        model = DiffusionModel.builder().device("cpu").dtype("f32").load();
        server = new ClassifierServer(model, spec, log::add);
    }

    public static ServedModel open() {
        return open(spec(HttpLimits.DEFAULT, ServeSpec.MAX_WAITING, ServeSpec.MAX_SECONDS, null));
    }

    static ServedModel open(ServeSpec spec) {
        return new ServedModel(spec);
    }

    static ServeSpec spec(HttpLimits limits, int maxWaiting, int maxSeconds, String token) {
        return new ServeSpec(ServeSpec.HOST, 0, token, false, maxWaiting, ServeSpec.MAX_CLASSES, ServeSpec.MAX_PIXELS,
                Duration.ofSeconds(maxSeconds), limits);
    }

    /** A bundled picture's file. */
    public static byte[] picture(String name) {
        try (var bundled = BundledModel.open()) {
            return Files.readAllBytes(bundled.images().resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    DiffusionModel model() {
        return model;
    }

    ClassifierServer server() {
        return server;
    }

    /** What the server said of itself. */
    List<String> log() {
        return log;
    }

    public String url() {
        return server.url();
    }

    int port() {
        return server.address().getPort();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(url() + path.substring(1))).timeout(Duration.ofMinutes(3));
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> get(String path) {
        return send(request(path).build());
    }

    /** A form with one picture. @param fields names and values in turn */
    HttpRequest.Builder form(String path, String file, byte[] picture, String... fields) {
        return form(path, List.of(new Part("image", file, picture)), fields);
    }

    record Part(String name, String file, byte[] content) {
    }

    HttpRequest.Builder form(String path, List<Part> files, String... fields) {
        var body = new ByteArrayOutputStream();
        var parts = new ArrayList<>(files);
        for (int i = 0; i < fields.length; i += 2) {
            parts.add(new Part(fields[i], null, fields[i + 1].getBytes(StandardCharsets.UTF_8)));
        }
        for (Part part : parts) {
            String head = "--boundary\r\nContent-Disposition: form-data; name=\"" + part.name + "\""
                    + (part.file == null ? "" : "; filename=\"" + part.file
                    + "\"\r\nContent-Type: application/octet-stream") + "\r\n\r\n";
            body.writeBytes(head.getBytes(StandardCharsets.UTF_8));
            body.writeBytes(part.content);
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes("--boundary--\r\n".getBytes(StandardCharsets.UTF_8));
        return request(path).header("Content-Type", "multipart/form-data; boundary=boundary")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()));
    }

    HttpResponse<String> classify(String file, String... fields) {
        return send(form("/v1/classify", file, picture(file), fields).build());
    }

    static JsonNode json(String text) {
        try {
            return JsonFile.MAPPER.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    JsonNode health() {
        return json(get("/v1/health").body());
    }

    /** Sends bytes as they are, and gives all that comes until the server closes. */
    String raw(byte[] sent) throws IOException {
        try (var socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(sent);
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    String raw(String sent) throws IOException {
        return raw(sent.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close() {
        server.close();
        model.close();
    }
}
