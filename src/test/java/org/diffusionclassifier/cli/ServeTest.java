package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import jdk.jshell.JShell;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.diffusionclassifier.file.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code serve} in a process of its own: its answers are those of {@code classify}; how it ends. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ServeTest {

    private static final Path PAGE = Path.of("docs/serve.md");

    @TempDir
    private Path folder;

    /** A server's process, and what it prints first. */
    private record Served(Process process, String url) implements AutoCloseable {

        static Served start(String... more) throws IOException {
            var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-cp", System.getProperty("java.class.path"),
                    Main.class.getName(), "serve", "--port", "0", "--dtype", "f32"));
            command.addAll(List.of(more));
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            return new Served(process, new BufferedReader(process.inputReader()).readLine());
        }

        HttpResponse<String> classify(byte[] picture, String fields) throws Exception {
            ObjectNode body = (ObjectNode) JsonFile.MAPPER.readTree(fields);
            body.put("image", picture);
            return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(url + "v1/classify"))
                    .header("Content-Type", "application/json").POST(BodyPublishers.ofString(body.toString())).build(),
                    BodyHandlers.ofString());
        }

        String get(String path) throws Exception {
            return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(url + path)).build(),
                    BodyHandlers.ofString()).body();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    /** To the bit, and no place of this machine in it. */
    @Test
    void answersAsClassifyDoes() throws Exception {
        BundledPictures pictures = BundledPictures.copied(folder, 2, 7);
        try (var served = Served.start()) {
            for (Path picture : pictures.files()) {
                Path json = folder.resolve("answer.json");
                CommandLineRun.of("classify", picture, "--dtype", "f32", "--json", json, "--confidence", "0.97",
                        "--seed", "5").succeeded();
                HttpResponse<String> response = served.classify(Files.readAllBytes(picture),
                        "{\"confidence\": 0.97, \"seed\": 5, \"report\": true}");
                assertEquals(200, response.statusCode(), response.body());
                JsonNode expected = JsonFile.MAPPER.readTree(Files.readAllBytes(json)).get(0);
                JsonNode answer = JsonFile.MAPPER.readTree(response.body()).get("answer");
                for (String field : List.of("className", "classidx", "pairs", "tie", "ranking")) {
                    assertEquals(expected.get(field).toString(), answer.get(field).toString(), field);
                }
                assertFalse(response.body().contains(folder.toString()));
            }
        }
    }

    /** On SIGTERM, what runs is answered, what comes is not, and the process ends well. */
    @Test
    void finishesWhatRuns() throws Exception {
        byte[] picture = Files.readAllBytes(BundledPictures.copied(folder, 1, 1).files().get(0));
        try (var served = Served.start()) {
            var running = CompletableFuture.supplyAsync(() -> {
                try {
                    return served.classify(picture, "{\"strategy\": \"exhaustive\", \"nSamples\": 40}");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            while (!served.get("metrics").contains("diffusion_classifier_running 1")) {
                Thread.sleep(20);
            }
            served.process.destroy();
            HttpResponse<String> answer = running.get(2, TimeUnit.MINUTES);
            assertEquals(200, answer.statusCode(), answer.body());
            assertEquals(400, JsonFile.MAPPER.readTree(answer.body()).at("/standing/pairs").intValue());
            assertTrue(served.process.waitFor(30, TimeUnit.SECONDS), "it ends");
            assertEquals(0, served.process.exitValue());
        }
    }

    @Test
    void isSafeByDefault() {
        CommandLineRun.of("serve", "--host", "0.0.0.0").refused("--host 0.0.0.0", "--token", "--insecure");
        CommandLineRun.of("serve", "--host", "0.0.0.0", "--token", "short").refused("--token", "at least 16");
        CommandLineRun.of("serve", "--host", "no.such.host.invalid").refused("--host", "a name or an address");
        CommandLineRun.of("serve", "--port", "70000").refused("--port", "0 to 65535");
        CommandLineRun.of("serve", "--max-waiting", "0").refused("--max-waiting", "1 to");
    }

    /** The examples of the page, as they stand there but for the port: with curl, and with Java's own client. */
    @Test
    void examplesOfTheDocumentationRun() throws Exception {
        BundledPictures.copied(folder, 30, 1);
        List<String> curls = Files.readAllLines(PAGE).stream().map(String::strip)
                .filter(line -> line.startsWith("curl ")).toList();
        assertTrue(curls.size() >= 4, curls.toString());
        try (var served = Served.start()) {
            for (String line : curls) {
                var process = new ProcessBuilder("sh", "-c", line.replace("http://127.0.0.1:8080/", served.url())
                        .replaceFirst("^curl", "curl --silent --show-error --fail-with-body")).directory(folder.toFile())
                        .redirectErrorStream(true).start();
                String out = new String(process.getInputStream().readAllBytes());
                assertEquals(0, process.waitFor(), line + ": " + out);
                assertTrue(out.contains("{") || out.contains("event: result"), line + ": " + out);
            }
            String answer = example(served.url());
            assertEquals("sneaker", JsonFile.MAPPER.readTree(answer).at("/answer/className").textValue(), answer);
        }
    }

    /** Runs the page's lines of Java, and gives what the variable {@code answer} has then. */
    private String example(String url) throws IOException {
        String page = Files.readString(PAGE);
        String block = page.substring(page.indexOf("    byte[] picture ="));
        String code = block.substring(0, block.indexOf("\n\n")).replace("http://127.0.0.1:8080/", url)
                .replace("Path.of(\"", "Path.of(\"" + folder + "/");
        try (var shell = JShell.builder().executionEngine("local").build()) {
            for (String name : List.of("java.net.*", "java.net.http.*", "java.nio.file.*", "java.util.*")) {
                shell.eval("import " + name + ";");
            }
            String value = null;
            while (!code.isBlank()) {
                CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(code);
                for (SnippetEvent event : shell.eval(next.source())) {
                    assertEquals(null, event.exception(), next.source());
                    assertTrue(shell.diagnostics(event.snippet()).findAny().isEmpty(), next.source());
                }
                code = next.remaining();
            }
            for (SnippetEvent event : shell.eval("answer")) {
                value = event.value();
            }
            return JsonFile.MAPPER.readTree(value).textValue();     // a literal of Java, as of JSON
        }
    }
}
