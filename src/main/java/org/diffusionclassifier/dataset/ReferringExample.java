package org.diffusionclassifier.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.tensor.InputException;

/**
 * A picture, boxes in it, and an expression that refers to one of them, as in RefCOCO (Yu et al., 2016, arXiv
 * 1608.00272).
 *
 * @param where      its file and line, for messages
 * @param boxes      two at least
 * @param truth      the box referred to, which need not be one of {@code boxes}
 */
public record ReferringExample(String where, Path image, List<Box> boxes, String expression, Box truth) {

    /** A box is right if it overlaps the truth by more: RefCOCO's criterion. */
    private static final double LEAST_OVERLAP = 0.5;

    /**
     * Reads a file of one JSON object a line: {@code image} (relative to the file's own folder), {@code boxes}, each
     * {@code [x, y, width, height]}, {@code expression}, and {@code truth}, a box or the index of one. Other fields are
     * ignored. That the boxes lie in the picture is not looked at ({@link Boxes#requireIn}).
     *
     * @return at least one
     * @throws InputException for a file that is no such list, a missing picture, an empty expression, fewer than two
     *                        boxes, or a truth that is none
     */
    public static List<ReferringExample> read(Path file) {
        var examples = new ArrayList<ReferringExample>();
        for (JsonLine line : JsonLine.read(file)) {
            List<Box> boxes = Boxes.list(line.get("boxes"), line.where() + ": boxes");
            examples.add(new ReferringExample(line.where(), line.image("image"), boxes, line.text("expression"),
                    truth(line, boxes)));
        }
        return examples;
    }

    private static Box truth(JsonLine line, List<Box> boxes) {
        JsonNode truth = line.get("truth");
        if (truth.isArray()) {
            return Boxes.box(truth, line.where() + ": truth");
        }
        if (!truth.isInt() || truth.intValue() < 0 || truth.intValue() >= boxes.size()) {
            throw new InputException(line.where() + ": truth: expected a box or an index from 0 to "
                    + (boxes.size() - 1) + ", found " + JsonLine.abridged(truth));
        }
        return boxes.get(truth.intValue());
    }

    /** Whether a box is the one referred to: their intersection over union is above 0.5. */
    public boolean isRight(Box box) {
        return box.overlap(truth) > LEAST_OVERLAP;
    }
}
