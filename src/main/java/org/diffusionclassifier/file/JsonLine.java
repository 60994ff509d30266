package org.diffusionclassifier.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * One object of a JSON Lines file (UTF-8, an object a line, empty lines and a byte order mark skipped), the form of
 * lists of examples. Jackson parses it; this class adds the place of a wrong value.
 *
 * @param file  the file that the line is from
 * @param where {@code FILE:LINE}
 */
public record JsonLine(Path file, String where, JsonNode fields) {

    private static final List<String> IMAGE_FOLDERS = List.of("", "images/");
    private static final List<String> IMAGE_ENDINGS = List.of("", ".png", ".jpg");

    /** @throws InputException for a file that cannot be read, has no objects, or a line that is none */
    public static List<JsonLine> read(Path file) {
        var lines = new ArrayList<JsonLine>();
        int number = 0;
        try {
            for (String line : TextFile.lines(file)) {
                number++;
                if (!line.isBlank()) {
                    String where = InputException.name(file) + ":" + number;
                    lines.add(new JsonLine(file, where, object(line, where)));
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        if (lines.isEmpty()) {
            throw InputException.at(file, "expected one JSON object a line, found none");
        }
        return lines;
    }

    private static JsonNode object(String line, String where) {
        try {
            JsonNode json = JsonFile.MAPPER.readTree(line);
            if (json.isObject()) {
                return json;
            }
        } catch (JsonProcessingException e) {
            throw new InputException(where + ": expected one JSON object a line, found what is no JSON", e);
        }
        throw new InputException(where + ": expected one JSON object a line, found another value");
    }

    /** @throws InputException if there is no such field */
    public JsonNode get(String name) {
        JsonNode value = fields.get(name);
        if (value == null) {
            throw new InputException(where + ": no field " + name);
        }
        return value;
    }

    /** @throws InputException unless the field is text and not blank */
    public String text(String name) {
        JsonNode value = get(name);
        if (!value.isTextual()) {
            throw new InputException(where + ": " + name + ": expected text, found " + abridged(value));
        }
        if (value.textValue().isBlank()) {
            throw new InputException(where + ": " + name + " is empty");
        }
        return value.textValue();
    }

    /**
     * The file that a field names: its path relative to this one's folder, or to the folder {@code images} there, with
     * or without the ending .png or .jpg. Winoground's list has names without folder and ending.
     *
     * @throws InputException unless there is such a file
     */
    public Path image(String name) {
        String text = text(name);
        try {
            for (String folder : IMAGE_FOLDERS) {
                for (String ending : IMAGE_ENDINGS) {
                    Path image = file.resolveSibling(folder + text + ending);
                    if (Files.isRegularFile(image)) {
                        return image;
                    }
                }
            }
        } catch (InvalidPathException e) {
            // refused below, with those that lead nowhere
        }
        throw new InputException(where + ": " + name + ": no image file " + InputException.quoted(text)
                + " beside the list or in its folder images, nor with .png or .jpg after it");
    }

    /** A value as a message shows it. */
    public static String abridged(JsonNode value) {
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 59) + "…";
    }
}
