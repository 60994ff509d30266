package org.diffusionclassifier.report;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.RgbImage;

/** A picture with boxes and a score in each, as a PNG. */
public final class BoxDrawing {

    private static final int CHOSEN = 0x00E060;
    private static final int OTHER = 0xFF9000;
    private static final int BACKGROUND = 0x000000;

    /** The shorter side is enlarged to about this length, to leave room for the figures. */
    private static final int LEGIBLE = 480;

    private final Canvas canvas;
    private final int scale;

    private BoxDrawing(RgbImage picture) {
        int shorter = Math.min(picture.width(), picture.height());
        int longer = Math.max(picture.width(), picture.height());
        scale = Math.max(1, Math.min(LEGIBLE / shorter, 4 * LEGIBLE / longer));
        canvas = new Canvas(picture.width() * scale, picture.height() * scale);
        canvas.draw(picture, 0, 0, scale);
    }

    /**
     * Writes the picture, enlarged if it is small, with the number (from 1) and the score of each box. The chosen box
     * is green.
     *
     * @param scores one a box
     * @param chosen its index, or null for none
     */
    public static void write(Path png, RgbImage picture, List<Box> boxes, double[] scores, Integer chosen) {
        var drawing = new BoxDrawing(picture);
        IntStream.range(0, boxes.size()).filter(i -> chosen == null || i != chosen)
                .forEach(i -> drawing.draw(boxes.get(i), i, scores[i], OTHER));
        if (chosen != null) {
            drawing.draw(boxes.get(chosen), chosen, scores[chosen], CHOSEN);     // last, over the others
        }
        drawing.canvas.write(png);
    }

    private void draw(Box box, int index, double score, int colour) {
        int left = (int) Math.rint(box.x() * scale);
        int top = (int) Math.rint(box.y() * scale);
        int right = (int) Math.rint((box.x() + box.width()) * scale);
        int bottom = (int) Math.rint((box.y() + box.height()) * scale);
        int stroke = Math.max(1, Math.min(canvas.width(), canvas.height()) / 200);
        canvas.fill(left, top, right, top + stroke, colour);
        canvas.fill(left, bottom - stroke, right, bottom, colour);
        canvas.fill(left, top, left + stroke, bottom, colour);
        canvas.fill(right - stroke, top, right, bottom, colour);
        label(String.format(Locale.ROOT, "%d: %.6f", index + 1, score), left + 2 * stroke, top + 2 * stroke, stroke,
                colour);
    }

    private void label(String text, int left, int top, int dot, int colour) {
        canvas.fill(left, top, left + Canvas.widthOf(text, dot) + dot, top + (Canvas.LINE + 1) * dot, BACKGROUND);
        canvas.write(text, left + dot, top + dot, dot, colour);
    }
}
