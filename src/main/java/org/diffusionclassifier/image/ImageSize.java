package org.diffusionclassifier.image;

/**
 * Width and height of a picture, the way up that it is shown.
 *
 * @param width  columns
 * @param height rows
 */
public record ImageSize(int width, int height) {

    /** As {@code 640×480}. */
    @Override
    public String toString() {
        return width + "×" + height;
    }
}
