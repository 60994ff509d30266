package org.diffusionclassifier.image;

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
}
