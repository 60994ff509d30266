package org.diffusionclassifier.report;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.diffusionclassifier.file.AtomicFile;
import org.diffusionclassifier.image.RgbImage;

/**
 * A picture to draw on and to write as a PNG. It has letters of its own, 3 × 5 dots each, because servers have no
 * fonts, and so that every machine draws the same picture. Colours are 0xRRGGBB; what lies outside the picture is left
 * out.
 */
final class Canvas {

    /** Dots from one letter to the next, and from one line to the next. */
    static final int ADVANCE = 4;
    static final int LINE = 6;

    private static final int GLYPH_WIDTH = 3;
    private static final int GLYPH_HEIGHT = 5;
    private static final String LETTERS = "0123456789.-:+ ABCDEFGHIJKLMNOPQRSTUVWXYZ,'()/&";

    /** Rows of three dots from the top, the first row in the highest bits; in the order of {@link #LETTERS}. */
    private static final int[] GLYPHS = {
        0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111,
        0b101_101_111_001_001, 0b111_100_111_001_111, 0b111_100_111_101_111, 0b111_001_010_010_010,
        0b111_101_111_101_111, 0b111_101_111_001_111, 0b000_000_000_000_010, 0b000_000_111_000_000,
        0b000_010_000_010_000, 0b000_010_111_010_000, 0b000_000_000_000_000,
        0b010_101_111_101_101, 0b110_101_110_101_110, 0b011_100_100_100_011, 0b110_101_101_101_110,
        0b111_100_110_100_111, 0b111_100_110_100_100, 0b011_100_101_101_011, 0b101_101_111_101_101,
        0b111_010_010_010_111, 0b001_001_001_101_010, 0b101_101_110_101_101, 0b100_100_100_100_111,
        0b101_111_111_101_101, 0b110_101_101_101_101, 0b010_101_101_101_010, 0b110_101_110_100_100,
        0b010_101_101_110_011, 0b110_101_110_101_101, 0b011_100_010_001_110, 0b111_010_010_010_010,
        0b101_101_101_101_111, 0b101_101_101_101_010, 0b101_101_111_111_101, 0b101_101_010_101_101,
        0b101_101_010_010_010, 0b111_001_010_100_111, 0b000_000_000_010_100, 0b010_010_000_000_000,
        0b001_010_010_010_001, 0b100_010_010_010_100, 0b001_001_010_100_100, 0b010_101_010_101_011};

    /** Drawn for any other character. */
    private static final int UNKNOWN = 0b111_111_111_111_111;

    private final BufferedImage image;

    /** All black. */
    Canvas(int width, int height) {
        image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    }

    int width() {
        return image.getWidth();
    }

    int height() {
        return image.getHeight();
    }

    /** @param scale pixels that a pixel becomes in each direction */
    void draw(RgbImage picture, int left, int top, int scale) {
        BufferedImage drawn = picture.buffered();
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                fill(left + x * scale, top + y * scale, left + (x + 1) * scale, top + (y + 1) * scale,
                        drawn.getRGB(x, y));
            }
        }
    }

    void fill(int left, int top, int right, int bottom, int colour) {
        for (int y = Math.max(top, 0); y < Math.min(bottom, height()); y++) {
            for (int x = Math.max(left, 0); x < Math.min(right, width()); x++) {
                image.setRGB(x, y, colour);
            }
        }
    }

    /**
     * Writes in capitals, without accents.
     *
     * @param dot its size in pixels
     */
    void write(String text, int left, int top, int dot, int colour) {
        int[] glyphs = glyphs(text);
        for (int i = 0; i < glyphs.length; i++) {
            for (int bit = 0; bit < GLYPH_WIDTH * GLYPH_HEIGHT; bit++) {
                if ((glyphs[i] >> GLYPH_WIDTH * GLYPH_HEIGHT - 1 - bit & 1) != 0) {
                    int x = left + i * ADVANCE * dot + bit % GLYPH_WIDTH * dot;
                    int y = top + bit / GLYPH_WIDTH * dot;
                    fill(x, y, x + dot, y + dot, colour);
                }
            }
        }
    }

    /** Pixels that {@link #write} takes, the gap behind the last letter included. */
    static int widthOf(String text, int dot) {
        return glyphs(text).length * ADVANCE * dot;
    }

    private static int[] glyphs(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFD).replaceAll("\\p{M}", "").toUpperCase(Locale.ROOT)
                .codePoints().map(LETTERS::indexOf).map(letter -> letter < 0 ? UNKNOWN : GLYPHS[letter]).toArray();
    }

    /** @throws org.diffusionclassifier.tensor.InputException if it cannot be written */
    void write(Path png) {
        AtomicFile.write(png, out -> ImageIO.write(image, "png", out));
    }
}
