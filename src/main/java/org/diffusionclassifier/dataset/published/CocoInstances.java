package org.diffusionclassifier.dataset.published;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.tensor.InputException;

/**
 * Pictures with boxes in COCO's form (<a href="https://cocodataset.org/#format-data">cocodataset.org</a>): one object
 * with {@code images}, {@code annotations} and {@code categories}. Outlines, most of such a file of half a gigabyte,
 * are skipped as it is read.
 *
 * @param pictures    by {@code id}
 * @param annotations of each picture, by its {@code id}, in the file's order
 * @param categories  names by {@code id}
 */
public record CocoInstances(Map<Long, Picture> pictures, Map<Long, List<Annotation>> annotations,
        Map<Long, String> categories) {

    /** Reads a value that others follow. */
    private static final ObjectReader PARTS =
            JsonFile.MAPPER.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** A picture of {@code images}. */
    public record Picture(String fileName, ImageSize size) {
    }

    /** A box of {@code annotations}. */
    public record Annotation(long id, long category, Box box) {
    }

    /** What is asked of each part of the file. */
    @FunctionalInterface
    private interface Reader {

        void read(JsonNode item, String where);
    }

    /** @throws InputException for a file that cannot be read, is not in this form, or contradicts itself */
    public static CocoInstances read(Path file) {
        var coco = new CocoInstances(new HashMap<>(), new LinkedHashMap<>(), new HashMap<>());
        Map<String, Reader> parts = Map.of("images", coco::addPicture, "annotations", coco::addAnnotation,
                "categories", coco::addCategory);
        try (JsonParser json = JsonFile.FACTORY.createParser(Files.newInputStream(file))) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw InputException.at(file, "expected a JSON object, found another value");
            }
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                json.nextToken();
                if (!parts.containsKey(name)) {
                    json.skipChildren();
                    continue;
                }
                if (!json.isExpectedStartArrayToken()) {
                    throw InputException.at(file, name + ": expected a list");
                }
                for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
                    parts.get(name).read(item(json), InputException.name(file) + ": " + name + "[" + i + "]");
                }
            }
        } catch (JsonProcessingException e) {
            throw InputException.at(file, "broken JSON in line " + e.getLocation().getLineNr(), e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        for (long picture : coco.annotations.keySet()) {
            if (!coco.pictures.containsKey(picture)) {
                throw InputException.at(file, "an annotation is of the picture " + picture
                        + ", which is not among the images");
            }
        }
        return coco;
    }

    /** An object without its {@code segmentation}. */
    private static JsonNode item(JsonParser json) throws IOException {
        var item = JsonFile.MAPPER.createObjectNode();
        if (json.currentToken() != JsonToken.START_OBJECT) {
            json.skipChildren();
            return item;
        }
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            json.nextToken();
            if (name.equals("segmentation")) {
                json.skipChildren();
            } else {
                item.set(name, PARTS.<JsonNode>readTree(json));
            }
        }
        return item;
    }

    private void addPicture(JsonNode item, String where) {
        String name = item.path("file_name").asText();
        int width = item.path("width").asInt();
        int height = item.path("height").asInt();
        if (name.isEmpty() || width < 1 || height < 1) {
            throw new InputException(where + ": expected file_name, width and height, found "
                    + JsonLine.abridged(item));
        }
        pictures.put(id(item, "id", where), new Picture(name, new ImageSize(width, height)));
    }

    private void addAnnotation(JsonNode item, String where) {
        JsonNode box = item.path("bbox");
        boolean fits = box.size() == 4;
        for (JsonNode number : box) {
            fits &= number.isNumber() && Double.isFinite(number.doubleValue());
        }
        if (!fits) {
            throw new InputException(where + ": bbox: expected [x, y, width, height], found " + JsonLine.abridged(box));
        }
        var annotation = new Annotation(id(item, "id", where), id(item, "category_id", where),
                new Box(box.get(0).asDouble(), box.get(1).asDouble(), box.get(2).asDouble(), box.get(3).asDouble()));
        annotations.computeIfAbsent(id(item, "image_id", where), picture -> new ArrayList<>()).add(annotation);
    }

    private void addCategory(JsonNode item, String where) {
        categories.put(id(item, "id", where), item.path("name").asText());
    }

    private static long id(JsonNode item, String name, String where) {
        if (!item.path(name).canConvertToLong()) {
            throw new InputException(where + ": " + name + ": expected a whole number, found "
                    + JsonLine.abridged(item.path(name)));
        }
        return item.path(name).longValue();
    }
}
