package org.diffusionclassifier.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a folder in the Hub's cache holds, by the names of its files. Programs fetch only what they need of a
 * repository, so that a model may be there in part.
 *
 * @param isDirectory whether it is a model in diffusers' form
 * @param lacking     components in diffusers' form that are needed and not there
 * @param files       otherwise: paths of files that may each be a model, with slashes
 */
record SnapshotContents(boolean isDirectory, List<String> lacking, List<String> files) {

    private static final String INDEX = "model_index.json";
    private static final Pattern NETWORK = Pattern.compile("unet|transformer|vae|text_encoder(_\\d)?");
    private static final Pattern TABLES = Pattern.compile("tokenizer(_\\d)?");
    private static final Pattern WEIGHTS = Pattern.compile("(?i).*\\.(?:safetensors|sft|ckpt|pth?|bin)");
    private static final Pattern SINGLE_FILE = Pattern.compile("(?i).*\\.(?:safetensors|sft|ckpt|pth?)");

    /** Folders of repositories are no deeper than that. */
    private static final int DEPTH = 4;

    /** @throws InputException if it cannot be read */
    static SnapshotContents of(Path folder) {
        Path index = folder.resolve(INDEX);
        try {
            if (!Files.exists(index)) {
                return new SnapshotContents(false, List.of(), files(folder, SINGLE_FILE));
            }
            var lacking = new ArrayList<String>();
            for (Map.Entry<String, JsonNode> part : JsonFile.MAPPER.readTree(index.toFile()).properties()) {
                // ["diffusers", "UNet2DConditionModel"]; [null, null] for what a model does without
                boolean present = part.getValue().isArray() && part.getValue().path(1).isTextual();
                Pattern needed = NETWORK.matcher(part.getKey()).matches() ? WEIGHTS
                        : TABLES.matcher(part.getKey()).matches() ? Pattern.compile(".*") : null;
                if (present && needed != null && files(folder.resolve(part.getKey()), needed).isEmpty()) {
                    lacking.add(part.getKey());
                }
            }
            return new SnapshotContents(true, lacking, List.of());
        } catch (UncheckedIOException e) {      // of a walk
            throw InputException.unreadable(folder, e.getCause());
        } catch (IOException e) {
            throw InputException.unreadable(index, e);
        }
    }

    private static List<String> files(Path folder, Pattern wanted) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(folder, DEPTH)) {      // links to files are not followed, but regular
            return paths.filter(Files::isRegularFile).map(path -> folder.relativize(path).toString().replace('\\', '/'))
                    .filter(name -> wanted.matcher(name).matches()).sorted().toList();
        }
    }
}
