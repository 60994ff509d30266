package org.diffusionclassifier.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import org.diffusionclassifier.tensor.InputException;

/**
 * The rows of what a reader decoded, in any of the JDK's forms, as 8-bit sRGB with alpha. Samples of grey and sRGB
 * images are taken as they stand: the JDK's own conversion takes grey for linear light and would brighten it. A palette
 * and the other colour spaces are left to the JDK.
 *
 * <p>Alpha stays beside the colours. Where a file has them multiplied by it already (TIFF's associated alpha) they are
 * divided by it, rounded down, and black where nothing is left to divide: Pillow's {@code RGBa}.
 */
final class RgbaRows {

    private final BufferedImage image;
    private final Raster raster;
    private final boolean converts;
    private final boolean transparent;
    private final boolean premultiplied;
    private final int colours;
    private final int bands;
    private final int[] full;
    private int[] row;

    /** @throws InputException for samples of more than 16 bits; {@code name} is what it calls the image */
    RgbaRows(BufferedImage image, String name) {
        ColorModel model = image.getColorModel();
        ColorSpace space = model.getColorSpace();
        this.image = image;
        raster = image.getRaster();
        converts = model instanceof IndexColorModel || !space.isCS_sRGB() && space.getType() != ColorSpace.TYPE_GRAY;
        transparent = model.hasAlpha();
        premultiplied = transparent && model.isAlphaPremultiplied();
        colours = model.getNumColorComponents();
        bands = raster.getNumBands();
        full = new int[bands];
        for (int band = 0; band < bands; band++) {
            int bits = raster.getSampleModel().getSampleSize(band);
            if (bits > 16) {
                throw new InputException("%s: %d-bit samples, expected at most 16 bits".formatted(name, bits));
            }
            full[band] = (1 << bits) - 1;
        }
    }

    int width() {
        return image.getWidth();
    }

    int height() {
        return image.getHeight();
    }

    boolean isTransparent() {
        return transparent;
    }

    /**
     * Reads a row.
     *
     * @param rgba gets width times red, green, blue and alpha
     */
    void read(int y, byte[] rgba) {
        if (converts) {
            convert(y, rgba);
            return;
        }
        row = raster.getPixels(0, y, width(), 1, row);
        for (int x = 0; x < width(); x++) {
            int from = x * bands;
            for (int channel = 0; channel < 3; channel++) {
                int band = colours == 1 ? 0 : channel;
                int level = premultiplied ? divided(row[from + band], row[from + colours], full[colours])
                        : row[from + band];
                rgba[4 * x + channel] = eight(level, full[band]);
            }
            rgba[4 * x + 3] = transparent ? eight(row[from + colours], full[colours]) : (byte) 255;
        }
    }

    private void convert(int y, byte[] rgba) {
        row = image.getRGB(0, y, width(), 1, row, 0, width());
        for (int x = 0; x < width(); x++) {
            rgba[4 * x] = (byte) (row[x] >> 16);
            rgba[4 * x + 1] = (byte) (row[x] >> 8);
            rgba[4 * x + 2] = (byte) row[x];
            rgba[4 * x + 3] = (byte) (row[x] >> 24);
        }
    }

    private static int divided(int level, int alpha, int white) {
        return alpha == 0 ? 0 : (int) Math.min(white, (long) level * white / alpha);
    }

    /** A sample of another depth scaled to 255, rounded to nearest. */
    private static byte eight(int level, int white) {
        return (byte) (white == 255 ? level : (2 * 255 * level + white) / (2 * white));
    }
}
