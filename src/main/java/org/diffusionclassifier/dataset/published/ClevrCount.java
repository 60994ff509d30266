package org.diffusionclassifier.dataset.published;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * CLEVR (Johnson et al., 2017, arXiv 1612.06890), to be classified by the number of objects in a picture:
 * <pre>
 *   CLEVR_v1.0/images/SPLIT/NAME.png
 *   CLEVR_v1.0/scenes/CLEVR_SPLIT_scenes.json    {"scenes": [{"image_filename": NAME.png, "objects": [{…}, …]}, …]}
 * </pre>
 * The test split has no scenes.
 */
public final class ClevrCount {

    private ClevrCount() {
    }

    /**
     * @param split {@code train} or {@code val}
     * @return a picture's label is the number of its objects, as torchvision has it: 3 to 10
     * @throws InputException if files are missing or contradict each other
     */
    public static ListedImages open(Path given, String split) {
        DataRoot.requireSplit(split, "train", "val");
        Path root = DataRoot.find(given, "CLEVR", "CLEVR_v1.0", "scenes");
        Path file = root.resolve("scenes/CLEVR_" + split + "_scenes.json");
        var entries = new ArrayList<ListedImages.Entry>();
        try (JsonParser json = JsonFile.FACTORY.createParser(Files.newInputStream(file))) {
            json.nextToken();
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                json.nextToken();
                if (!name.equals("scenes")) {
                    json.skipChildren();
                    continue;
                }
                while (json.nextToken() == JsonToken.START_OBJECT) {
                    entries.add(scene(json, root, split,
                            InputException.name(file) + ": scenes[" + entries.size() + "]"));
                }
            }
        } catch (JsonProcessingException e) {
            throw InputException.at(file, "broken JSON in line " + e.getLocation().getLineNr(), e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        if (entries.isEmpty()) {
            throw InputException.at(file, "expected a list of scenes, found none");
        }
        return new ListedImages("CLEVR " + split, root, List.of(), entries);
    }

    private static ListedImages.Entry scene(JsonParser json, Path root, String split, String where) throws IOException {
        String image = null;
        int objects = -1;
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            JsonToken value = json.nextToken();
            if (name.equals("image_filename") && value == JsonToken.VALUE_STRING) {
                image = json.getText();
            } else if (name.equals("objects") && value == JsonToken.START_ARRAY) {
                for (objects = 0; json.nextToken() != JsonToken.END_ARRAY; objects++) {
                    json.skipChildren();
                }
            } else {
                json.skipChildren();
            }
        }
        if (image == null || objects < 0) {
            throw new InputException(where + ": expected image_filename and objects, found "
                    + (image == null ? "no image_filename" : "no objects"));
        }
        return ListedImages.Entry.of(root, "images/" + split + "/" + image, objects, where);
    }
}
