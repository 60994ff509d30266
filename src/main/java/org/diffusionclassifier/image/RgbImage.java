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
 * @param alpha  [height, width] how opaque each pixel is, from 0 to 255 as unsigned bytes, not copied; null if all are.
 *               {@code pixels} do not have it in them: they are the colours behind what is transparent
 */
public record RgbImage(int width, int height, byte[] pixels, byte[] alpha) {

    public RgbImage {
        if (width < 1 || height < 1 || pixels.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "%d bytes are no %d×%d RGB image".formatted(pixels.length, width, height));
        }
        if (alpha != null && alpha.length != width * height) {
            throw new IllegalArgumentException(
                    "%d bytes are no alpha of %d×%d pixels".formatted(alpha.length, width, height));
        }
    }

    /** An opaque image. */
    public RgbImage(int width, int height, byte[] pixels) {
        this(width, height, pixels, null);
    }

    public ImageSize size() {
        return new ImageSize(width, height);
    }

    /**
     * What is seen when the picture lies on a colour, opaque, rounded to nearest.
     *
     * @param background null to leave transparency out of account, as Pillow's {@code convert("RGB")} does
     * @return itself if there is nothing to lay on a colour
     */
    public RgbImage on(Background background) {
        if (alpha == null || background == null) {
            return this;
        }
        int[] behind = {background.red(), background.green(), background.blue()};
        var seen = new byte[pixels.length];
        for (int i = 0; i < seen.length; i++) {
            int opaque = alpha[i / 3] & 0xFF;
            seen[i] = (byte) (((pixels[i] & 0xFF) * opaque + behind[i % 3] * (255 - opaque) + 127) / 255);
        }
        return new RgbImage(width, height, seen);
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
