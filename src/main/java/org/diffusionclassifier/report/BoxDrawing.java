package org.diffusionclassifier.report;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.diffusionclassifier.data.AtomicFile;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.RgbImage;

/**
 * A picture with boxes and a score in each, as a PNG. Draws its own figures, 3 × 5 dots each: servers have no fonts,
 * and this way every machine draws the same.
 */
public final class BoxDrawing {

    private static final int CHOSEN = 0x00E060;
    private static final int OTHER = 0xFF9000;
    private static final int BACKGROUND = 0x000000;

    /** The shorter side is enlarged to about this, so that there is room for the figures. */
    private static final int LEGIBLE = 480;

    private static final int GLYPH_WIDTH = 3;
    private static final int GLYPH_HEIGHT = 5;
    private static final String FIGURES = "0123456789.-:";

    /** Rows of three dots from the top, the first row in the highest bits; in the order of {@link #FIGURES}. */
    private static final int[] GLYPHS = {
        0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111,
        0b101_101_111_001_001, 0b111_100_111_001_111, 0b111_100_111_101_111, 0b111_001_010_010_010,
        0b111_101_111_101_111, 0b111_101_111_001_111, 0b000_000_000_000_010, 0b000_000_111_000_000,
        0b000_010_000_010_000};

    private final BufferedImage canvas;
    private final int scale;

    private BoxDrawing(RgbImage picture) {
        int shorter = Math.min(picture.width(), picture.height());
        int longer = Math.max(picture.width(), picture.height());
        scale = Math.max(1, Math.min(LEGIBLE / shorter, 4 * LEGIBLE / longer));
        canvas = new BufferedImage(picture.width() * scale, picture.height() * scale, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < canvas.getHeight(); y++) {
            for (int x = 0; x < canvas.getWidth(); x++) {
                int i = 3 * (y / scale * picture.width() + x / scale);
                canvas.setRGB(x, y, (picture.pixels()[i] & 0xFF) << 16 | (picture.pixels()[i + 1] & 0xFF) << 8
                        | picture.pixels()[i + 2] & 0xFF);
            }
        }
    }

    /**
     * Writes the picture, small ones enlarged, with each box's number from 1 and its score; the chosen box in green.
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
        AtomicFile.write(png, out -> ImageIO.write(drawing.canvas, "png", out));
    }

    private void draw(Box box, int index, double score, int colour) {
        int left = (int) Math.rint(box.x() * scale);
        int top = (int) Math.rint(box.y() * scale);
        int right = (int) Math.rint((box.x() + box.width()) * scale);
        int bottom = (int) Math.rint((box.y() + box.height()) * scale);
        int stroke = Math.max(1, Math.min(canvas.getWidth(), canvas.getHeight()) / 200);
        fill(left, top, right, top + stroke, colour);
        fill(left, bottom - stroke, right, bottom, colour);
        fill(left, top, left + stroke, bottom, colour);
        fill(right - stroke, top, right, bottom, colour);
        write(String.format(Locale.ROOT, "%d: %.6f", index + 1, score), left + 2 * stroke, top + 2 * stroke, stroke,
                colour);
    }

    private void write(String text, int left, int top, int dot, int colour) {
        int advance = (GLYPH_WIDTH + 1) * dot;
        fill(left, top, left + text.length() * advance + dot, top + (GLYPH_HEIGHT + 2) * dot, BACKGROUND);
        for (int i = 0; i < text.length(); i++) {
            int figure = FIGURES.indexOf(text.charAt(i));
            for (int bit = 0; figure >= 0 && bit < GLYPH_WIDTH * GLYPH_HEIGHT; bit++) {
                if ((GLYPHS[figure] >> GLYPH_WIDTH * GLYPH_HEIGHT - 1 - bit & 1) != 0) {
                    int x = left + dot + i * advance + bit % GLYPH_WIDTH * dot;
                    int y = top + dot + bit / GLYPH_WIDTH * dot;
                    fill(x, y, x + dot, y + dot, colour);
                }
            }
        }
    }

    /** What lies outside the picture is left out. */
    private void fill(int left, int top, int right, int bottom, int colour) {
        for (int y = Math.max(top, 0); y < Math.min(bottom, canvas.getHeight()); y++) {
            for (int x = Math.max(left, 0); x < Math.min(right, canvas.getWidth()); x++) {
                canvas.setRGB(x, y, colour);
            }
        }
    }
}
