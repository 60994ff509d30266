package org.diffusionclassifier.dataset.published;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.tensor.InputException;

/**
 * Food-101 (Bossard et al., 2014), as published and as torchvision unpacks it:
 * <pre>
 *   food-101/images/CLASS/NUMBER.jpg    food-101/meta/{train,test}.json    {CLASS: ["CLASS/NUMBER", …], …}
 * </pre>
 * Pictures are in the order of the JSON, as torchvision has them; labels in that of the sorted classes.
 */
public final class Food101 {

    private Food101() {
    }

    /**
     * @param split {@code train} or {@code test}
     * @return classes by the names of their folders
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path given, String split) {
        DataRoot.requireSplit(split, "train", "test");
        Path root = DataRoot.find(given, "Food-101", "food-101", "meta");
        Path list = root.resolve("meta/" + split + ".json");
        JsonNode json = json(list);
        var names = new TreeSet<String>();
        json.fieldNames().forEachRemaining(names::add);
        var classNames = List.copyOf(names);
        var entries = new ArrayList<ListedImages.Entry>();
        json.fields().forEachRemaining(type -> {
            int label = classNames.indexOf(type.getKey());
            for (JsonNode picture : type.getValue()) {
                if (!picture.isTextual()) {
                    throw InputException.at(list, type.getKey() + ": expected names of pictures, found "
                            + JsonLine.abridged(picture));
                }
                entries.add(ListedImages.Entry.of(root, "images/" + picture.textValue() + ".jpg", label,
                        InputException.name(list)));
            }
        });
        return new ListedImages("Food-101 " + split, root, classNames, entries);
    }

    private static JsonNode json(Path file) {
        try {
            JsonNode json = JsonFile.MAPPER.readTree(Files.readAllBytes(file));
            if (json.isObject()) {
                return json;
            }
        } catch (JsonProcessingException e) {
            throw InputException.at(file, "expected a JSON object, found what is no JSON", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        throw InputException.at(file, "expected a JSON object, found another value");
    }
}
