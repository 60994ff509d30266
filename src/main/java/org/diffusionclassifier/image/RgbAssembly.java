package org.diffusionclassifier.image;

/**
 * Puts a picture together from bands of whole rows, from the top down, in its own size or in half of it. The half is
 * that of Pillow's {@code Image.reduce(2)}: each pixel is the mean of two by two, rounded to nearest, and the last ones
 * of an odd side the mean of what is left for them. Nothing of a band is kept, so that a picture can be had whose full
 * size does not fit into memory.
 */
final class RgbAssembly {

    private final int storedWidth;
    private final int storedHeight;
    private final int step;
    private final int width;
    private final int height;
    private final byte[] pixels;
    private final int[] sums;
    private byte[] alpha;
    private byte[] row;
    private boolean translucent;
    private int y;

    /** @param halved whether in half the size */
    RgbAssembly(ImageSize stored, boolean halved) {
        storedWidth = stored.width();
        storedHeight = stored.height();
        step = halved ? 2 : 1;
        width = (storedWidth + step - 1) / step;
        height = (storedHeight + step - 1) / step;
        pixels = new byte[width * height * 3];
        sums = new int[width * 4];
    }

    /** Adds the next rows. */
    void add(RgbaRows band) {
        if (band.width() != storedWidth || band.height() > storedHeight - y) {
            throw new IllegalArgumentException("a band of %d×%d, expected at most %d×%d".formatted(
                    band.width(), band.height(), storedWidth, storedHeight - y));
        }
        if (row == null) {
            row = new byte[storedWidth * 4];
            alpha = band.isTransparent() ? new byte[width * height] : null;
        }
        for (int i = 0; i < band.height(); i++, y++) {
            band.read(i, row);
            for (int x = 0; x < storedWidth; x++) {
                for (int channel = 0; channel < 4; channel++) {
                    sums[x / step * 4 + channel] += row[x * 4 + channel] & 0xFF;
                }
            }
            if (y % step == step - 1 || y == storedHeight - 1) {
                put(y / step, y % step + 1);
            }
        }
    }

    /** @param rows that the sums are over */
    private void put(int target, int rows) {
        for (int x = 0; x < width; x++) {
            int count = rows * Math.min(step, storedWidth - x * step);
            for (int channel = 0; channel < 4; channel++) {
                byte mean = (byte) ((sums[x * 4 + channel] + count / 2) / count);
                sums[x * 4 + channel] = 0;
                if (channel < 3) {
                    pixels[(target * width + x) * 3 + channel] = mean;
                } else if (alpha != null) {
                    alpha[target * width + x] = mean;
                    translucent |= mean != (byte) 255;
                }
            }
        }
    }

    /** The picture, once all its rows have been added; without alpha if it is opaque everywhere. */
    RgbImage image() {
        if (y < storedHeight) {
            throw new IllegalStateException("%d rows of %d".formatted(y, storedHeight));
        }
        return new RgbImage(width, height, pixels, translucent ? alpha : null);
    }
}
