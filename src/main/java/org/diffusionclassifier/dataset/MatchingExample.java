package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.tensor.InputException;

/**
 * Two pictures and two captions to be put together, in the form of Winoground (Thrush et al., 2022, arXiv 2204.03162).
 *
 * @param images   two files
 * @param captions the i-th is of the i-th picture
 * @param tag      the kind of example, or null
 */
public record MatchingExample(List<Path> images, List<String> captions, String tag) {

    /**
     * Reads a file of one JSON object a line: {@code image_0}, {@code image_1} ({@linkplain JsonLine#image found}
     * beside the file), {@code caption_0}, {@code caption_1} and, if it likes, {@code collapsed_tag} or else
     * {@code tag}. Other fields are ignored. Winoground's tags are many; scores are reported by the three collapsed
     * ones (Object, Relation, Both).
     *
     * @return at least one
     * @throws InputException for a file that is no such list, a missing picture, an empty caption, or two equal ones
     */
    public static List<MatchingExample> read(Path file) {
        var examples = new ArrayList<MatchingExample>();
        for (JsonLine line : JsonLine.read(file)) {
            var captions = List.of(line.text("caption_0"), line.text("caption_1"));
            if (captions.get(0).equals(captions.get(1))) {
                throw new InputException(line.where() + ": caption_1: expected another caption than caption_0, found "
                        + InputException.quoted(captions.get(1)) + " twice");
            }
            examples.add(new MatchingExample(List.of(line.image("image_0"), line.image("image_1")), captions,
                    tag(line)));
        }
        return examples;
    }

    private static String tag(JsonLine line) {
        return line.fields().has("collapsed_tag") ? line.text("collapsed_tag")
                : line.fields().has("tag") ? line.text("tag") : null;
    }
}
