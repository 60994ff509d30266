package org.diffusionclassifier.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.tensor.InputException;

/** Boxes in JSON: {@code [x, y, width, height]} each, in pixels from the upper left corner, as COCO has them. */
public final class Boxes {

    private Boxes() {
    }

    /**
     * Reads a file that holds a list of boxes.
     *
     * @return at least two, none twice
     * @throws InputException if it does not
     */
    public static List<Box> read(Path file) {
        try {
            return list(JsonFile.MAPPER.readTree(Files.readAllBytes(file)), file.toString());
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected a list of boxes, found what is no JSON", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** @throws InputException unless {@code json} is a list of two boxes or more, none of them twice */
    public static List<Box> list(JsonNode json, String where) {
        if (!json.isArray()) {
            throw new InputException(where + ": expected a list of boxes [[x, y, width, height], …], found "
                    + JsonLine.abridged(json));
        }
        if (json.size() < 2) {
            throw new InputException(where + ": expected at least two boxes to choose from, found " + json.size());
        }
        var boxes = new ArrayList<Box>();
        for (JsonNode element : json) {
            Box box = box(element, where + "[" + boxes.size() + "]");
            if (boxes.contains(box)) {
                throw new InputException(where + ": " + box + " is there twice");
            }
            boxes.add(box);
        }
        return boxes;
    }

    /** @throws InputException unless {@code json} is a box */
    static Box box(JsonNode json, String where) {
        var numbers = new double[4];
        boolean fits = json.isArray() && json.size() == numbers.length;
        for (int i = 0; fits && i < numbers.length; i++) {
            fits = json.get(i).isNumber() && Double.isFinite(json.get(i).doubleValue());
            numbers[i] = json.get(i).doubleValue();
        }
        if (!fits || numbers[2] <= 0 || numbers[3] <= 0) {
            throw new InputException(where + ": expected a box [x, y, width, height], found "
                    + JsonLine.abridged(json));
        }
        return new Box(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    /** @throws InputException unless all lie in the picture, and the picture is not too long for a square around it */
    public static void requireIn(ImageSize picture, List<Box> boxes, String where) {
        for (Box box : boxes) {
            if (!box.isIn(picture)) {
                throw new InputException(where + ": expected a box inside the picture of " + picture + " pixels, found "
                        + box);
            }
        }
        if (!Box.canMask(picture)) {
            throw new InputException(where + ": expected a picture less long, found one of " + picture + " pixels");
        }
    }
}
