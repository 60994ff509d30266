package org.diffusionclassifier.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.report.html.Page;
import org.diffusionclassifier.server.http.Reply;

/** What is the same for everybody: the page with its styles and scripts, the bundled pictures, the API's description. */
final class PageFiles {

    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8", "css",
            "text/css; charset=utf-8", "js", "text/javascript; charset=utf-8", "json", Reply.JSON, "png", "image/png");

    private static final List<String> FILES = List.of("index.html", "page.css", "page.js", "api.js", "race.js", "compare.js",
            "openapi.json");

    private static final String PICTURES = "/pictures/";

    private final Map<String, Reply> files = new LinkedHashMap<>();
    private final List<String> pictures = new ArrayList<>();

    PageFiles() {
        for (String name : FILES) {
            files.put("/" + name, reply(name, resource(name)));
        }
        files.put("/", files.get("/index.html"));
        files.put("/report.css", Reply.text(TYPES.get("css"), Page.styles()));
        try (var bundled = BundledModel.open(); Stream<Path> all = Files.list(bundled.images())) {
            for (Path picture : all.filter(file -> file.toString().endsWith(".png")).sorted().toList()) {
                String path = PICTURES + picture.getFileName();
                files.put(path, reply(path, Files.readAllBytes(picture)));
                pictures.add(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Reply reply(String name, byte[] content) {
        return new Reply(200, TYPES.get(name.substring(name.lastIndexOf('.') + 1)), content, Map.of());
    }

    private static byte[] resource(String name) {
        try (InputStream in = PageFiles.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Null where there is no such file. */
    Reply get(String path) {
        return files.get(path);
    }

    /** Where the bundled pictures are. */
    List<String> pictures() {
        return pictures;
    }
}
