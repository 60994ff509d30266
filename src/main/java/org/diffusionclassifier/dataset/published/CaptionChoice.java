package org.diffusionclassifier.dataset.published;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.tensor.InputException;

/**
 * A picture, its caption, and one that does not fit.
 *
 * @param box  the part of the picture that they are about; null for all of it
 * @param kind what accuracy is reported by; null if the list has none
 */
public record CaptionChoice(Path image, Box box, String right, String wrong, String kind) {

    /**
     * SugarCrepe (Hsieh et al., 2023, arXiv 2306.14610): {@code {"0": {filename, caption, negative_caption}, …}}, a
     * file a kind. The pictures are those of COCO's val2017.
     *
     * @throws InputException if the file is not in this form, or a picture is not there
     */
    public static List<CaptionChoice> sugarCrepe(Path file, Path pictures) {
        var choices = new ArrayList<CaptionChoice>();
        read(file).fields().forEachRemaining(field -> {
            String where = file + ": " + InputException.quoted(field.getKey());
            JsonNode item = field.getValue();
            choices.add(new CaptionChoice(image(item, "filename", pictures, where), null, text(item, "caption", where),
                    text(item, "negative_caption", where), null));
        });
        return atLeastOne(choices, file);
    }

    /**
     * ARO's relations and attributes (Yuksekgonul et al., 2023, arXiv 2210.01936): {@code [{image_path, bbox_x, bbox_y,
     * bbox_w, bbox_h, true_caption, false_caption, relation_name or attributes}, …]}.
     *
     * @throws InputException if the file is not in this form, or a picture is not there
     */
    public static List<CaptionChoice> aro(Path file, Path pictures) {
        var choices = new ArrayList<CaptionChoice>();
        for (JsonNode item : read(file)) {
            String where = file + ": [" + choices.size() + "]";
            Box box = new Box(number(item, "bbox_x", where), number(item, "bbox_y", where),
                    number(item, "bbox_w", where), number(item, "bbox_h", where));
            if (box.width() <= 0 || box.height() <= 0) {
                throw new InputException(where + ": expected a box, found " + box);
            }
            JsonNode attributes = item.path("attributes");
            var words = new ArrayList<String>();
            attributes.forEach(word -> words.add(word.asText()));
            String kind = attributes.isArray() ? String.join(" ", words) : text(item, "relation_name", where);
            choices.add(new CaptionChoice(image(item, "image_path", pictures, where), box,
                    text(item, "true_caption", where), text(item, "false_caption", where), kind));
        }
        return atLeastOne(choices, file);
    }

    private static List<CaptionChoice> atLeastOne(List<CaptionChoice> choices, Path file) {
        if (choices.isEmpty()) {
            throw new InputException(file + ": expected pictures with two captions, found none");
        }
        return choices;
    }

    private static JsonNode read(Path file) {
        try {
            return JsonFile.MAPPER.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected pictures with two captions, found what is no JSON", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    private static String text(JsonNode item, String name, String where) {
        if (item.path(name).asText().isBlank()) {
            throw new InputException(where + ": " + name + ": expected text, found "
                    + JsonLine.abridged(item.path(name)));
        }
        return item.path(name).asText();
    }

    private static double number(JsonNode item, String name, String where) {
        if (!item.path(name).isNumber()) {
            throw new InputException(where + ": " + name + ": expected a number, found "
                    + JsonLine.abridged(item.path(name)));
        }
        return item.path(name).doubleValue();
    }

    private static Path image(JsonNode item, String name, Path pictures, String where) {
        String text = text(item, name, where);
        try {
            Path image = pictures.resolve(text);
            if (Files.isRegularFile(image)) {
                return image;
            }
        } catch (InvalidPathException e) {
            // refused below, with those that lead nowhere
        }
        throw new InputException(where + ": no picture " + InputException.quoted(text) + " in " + pictures);
    }
}
