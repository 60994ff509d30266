package org.diffusionclassifier.image;

import java.awt.image.BufferedImage;
import org.diffusionclassifier.image.Resampling.Axis;
import org.diffusionclassifier.image.Resampling.Filter;

/**
 * An 8-bit sRGB image in memory: what {@link ImageDecoder} yields and {@link Preprocess} takes.
 *
 * @param width  columns, at least 1
 * @param height rows, at least 1
 * @param pixels [height, width, 3] row-major, red, green, blue as unsigned bytes; not copied
 */
public record RgbImage(int width, int height, byte[] pixels) {

    public RgbImage {
        if (width < 1 || height < 1 || pixels.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "%d bytes are no %d×%d RGB image".formatted(pixels.length, width, height));
        }
    }

    public ImageSize size() {
        return new ImageSize(width, height);
    }

    /** The same picture with its longer side {@code longest} pixels, for people to look at; itself if it has no more. */
    public RgbImage within(int longest) {
        int longer = Math.max(width, height);
        if (longer <= longest) {
            return this;
        }
        int across = Math.max(1, Math.round((float) width * longest / longer));
        int down = Math.max(1, Math.round((float) height * longest / longer));
        return Resampling.apply(this, Axis.of(Filter.BICUBIC, width, across, 0, across),
                Axis.of(Filter.BICUBIC, height, down, 0, down));
    }

    /** As the JDK has pictures, of {@link BufferedImage#TYPE_INT_RGB}. */
    public BufferedImage buffered() {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        var row = new int[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int i = 3 * (y * width + x);
                row[x] = (pixels[i] & 0xFF) << 16 | (pixels[i + 1] & 0xFF) << 8 | pixels[i + 2] & 0xFF;
            }
            image.setRGB(0, y, width, 1, row, 0, width);
        }
        return image;
    }
}
