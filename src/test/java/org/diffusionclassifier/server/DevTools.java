package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.diffusionclassifier.file.JsonFile;

/**
 * A page in Chromium without a window, driven by the browser's own DevTools protocol over the JDK's WebSocket: what a
 * user does with a mouse and a keyboard, and what the page does in turn. Skips the test where no browser is installed.
 */
final class DevTools implements AutoCloseable {

    private final Process browser;
    private final WebSocket socket;
    private final AtomicInteger sent = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    /** @param profile an empty folder */
    DevTools(Path profile) throws Exception {
        String program = Stream.of(System.getenv("PATH").split(File.pathSeparator)).flatMap(directory ->
                Stream.of("chromium", "chromium-browser", "google-chrome").map(name -> Path.of(directory, name)))
                .filter(Files::isExecutable).map(Path::toString).findFirst().orElse(null);
        assumeTrue(program != null, "no chromium, chromium-browser or google-chrome on the PATH to open the page with");
        browser = new ProcessBuilder(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-port=0",
                "--user-data-dir=" + profile, "about:blank").redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        Path ports = profile.resolve("DevToolsActivePort");
        for (int i = 0; i < 600 && !(Files.exists(ports) && Files.readAllLines(ports).size() > 1); i++) {
            Thread.sleep(100);
        }
        var client = HttpClient.newHttpClient();
        String tab = client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + Files.readAllLines(ports).get(0)
                + "/json/new?about:blank")).PUT(HttpRequest.BodyPublishers.noBody()).build(), BodyHandlers.ofString())
                .body();
        socket = client.newWebSocketBuilder().buildAsync(URI.create(ServedModel.json(tab)
                .get("webSocketDebuggerUrl").textValue()), new Listener()).join();
        for (String domain : List.of("Page", "Runtime", "Network", "Log", "DOM")) {
            call(domain + ".enable", Map.of());
        }
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                take(ServedModel.json(text.toString()));
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void take(JsonNode message) {
        if (message.has("id")) {
            CompletableFuture<JsonNode> answer = answers.remove(message.get("id").intValue());
            if (answer == null) {
                return;     // of closing
            }
            if (message.has("error")) {
                answer.completeExceptionally(new IOException(message.get("error").toString()));
            } else {
                answer.complete(message.get("result"));
            }
            return;
        }
        JsonNode data = message.get("params");
        switch (message.get("method").textValue()) {
            case "Network.requestWillBeSent" -> requests.add(data.at("/request/url").textValue());
            case "Runtime.exceptionThrown" -> complaints.add(data.toString());
            case "Runtime.consoleAPICalled" -> complaints.add(data.get("args").toString());
            case "Log.entryAdded" -> complaints.add(data.get("entry").toString());
            default -> {
                // of no interest
            }
        }
    }

    JsonNode call(String method, Map<String, ?> parameters) {
        int id = sent.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        answers.put(id, answer);
        ObjectNode message = JsonFile.MAPPER.createObjectNode().put("id", id).put("method", method);
        message.set("params", JsonFile.MAPPER.valueToTree(parameters));
        socket.sendText(message.toString(), true).join();
        return answer.orTimeout(60, TimeUnit.SECONDS).join();
    }

    /** Addresses that the page asked for. */
    List<String> requests() {
        return requests;
    }

    /** What the console has: errors, warnings, anything. */
    List<String> complaints() {
        return complaints;
    }

    /** A script's value, or what its promise comes to. */
    JsonNode evaluate(String script) {
        JsonNode result = call("Runtime.evaluate", Map.of("expression", script, "awaitPromise", true, "returnByValue",
                true, "userGesture", true));
        if (result.has("exceptionDetails")) {
            throw new AssertionError(script + ": " + result.get("exceptionDetails"));
        }
        return result.at("/result/value");
    }

    /** Waits until a script says true. */
    void await(String condition) throws InterruptedException {
        for (int i = 0; i < 1200; i++) {
            if (evaluate("Boolean(" + condition + ")").booleanValue()) {
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("not within a minute: " + condition + "\n" + evaluate("document.body.innerText"));
    }

    void show(int width, boolean dark) {
        call("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", 900, "deviceScaleFactor", 1,
                "mobile", width < 600));
        call("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value",
                dark ? "dark" : "light"))));
    }

    void press(String key, int code, String text) {
        for (String type : List.of("keyDown", "keyUp")) {
            call("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code,
                    "text", type.equals("keyDown") ? text : ""));
        }
    }

    void type(String text) {
        call("Input.insertText", Map.of("text", text));
    }

    void mouse(String type, double x, double y) {
        call("Input.dispatchMouseEvent", Map.of("type", type, "x", x, "y", y, "button", "left", "buttons",
                type.equals("mouseReleased") ? 0 : 1, "clickCount", 1));
    }

    /** Where an element's middle is in the window, having scrolled there. */
    double[] middle(String selector) {
        JsonNode place = evaluate("(() => { const e = document.querySelector('" + selector + "'); e.scrollIntoView({block:"
                + " 'center', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()");
        return new double[] {place.get(0).doubleValue() + place.get(2).doubleValue() / 2,
                place.get(1).doubleValue() + place.get(3).doubleValue() / 2};
    }

    void click(String selector) {
        double[] at = middle(selector);
        mouse("mousePressed", at[0], at[1]);
        mouse("mouseReleased", at[0], at[1]);
    }

    /** Drops files from the desktop. */
    void drop(String selector, Path... files) {
        double[] at = middle(selector);
        var data = Map.of("items", List.of(), "files", Stream.of(files).map(Path::toString).toList(),
                "dragOperationsMask", 1);
        for (String type : List.of("dragEnter", "dragOver", "drop")) {
            call("Input.dispatchDragEvent", Map.of("type", type, "x", at[0], "y", at[1], "data", data));
        }
    }

    void choose(String selector, Path... files) {
        int root = call("DOM.getDocument", Map.of()).at("/root/nodeId").intValue();
        int node = call("DOM.querySelector", Map.of("nodeId", root, "selector", selector)).get("nodeId").intValue();
        call("DOM.setFileInputFiles", Map.of("nodeId", node, "files", Stream.of(files).map(Path::toString).toList()));
    }

    void screenshot(Path png) throws IOException {
        Files.write(png, Base64.getDecoder().decode(call("Page.captureScreenshot", Map.of("captureBeyondViewport", true))
                .get("data").textValue()));
    }

    @Override
    public void close() throws InterruptedException {
        socket.sendText("{\"id\":0,\"method\":\"Browser.close\"}", true);
        browser.waitFor(10, TimeUnit.SECONDS);
        socket.abort();
        browser.descendants().forEach(ProcessHandle::destroyForcibly);
        browser.destroyForcibly();
        browser.waitFor();
    }
}
