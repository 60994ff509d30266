package org.diffusionclassifier.image;

/**
 * A box in a picture, in pixels from its upper left corner; COCO's form. Its edges may lie between pixels; what is
 * shown of it ends at the nearest ones.
 *
 * @param x      left edge
 * @param y      upper edge
 * @param width  more than 0
 * @param height more than 0
 */
public record Box(double x, double y, double width, double height) {

    /** Pixels of the largest square made. */
    private static final long MAX_PIXELS = 1L << 28;

    /** Whether it lies in the picture, to half a pixel, and holds one pixel at least. */
    public boolean isIn(ImageSize picture) {
        return left() >= 0 && top() >= 0 && right() <= picture.width() && bottom() <= picture.height()
                && left() < right() && top() < bottom();
    }

    /** Whether a picture is near enough to a square for {@link #mask} to be made. */
    public static boolean canMask(ImageSize picture) {
        long side = Math.max(picture.width(), picture.height());
        return side * side <= MAX_PIXELS;
    }

    /** Intersection over union, from 0 to 1. */
    public double overlap(Box other) {
        double across = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
        double down = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
        double shared = Math.max(across, 0) * Math.max(down, 0);
        return shared / (width * height + other.width * other.height - shared);
    }

    /**
     * The box alone, in its own shape.
     *
     * @param picture that the box {@linkplain #isIn is in}
     */
    public RgbImage cut(RgbImage picture) {
        int width = (int) (right() - left());
        int height = (int) (bottom() - top());
        var pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(picture.pixels(), 3 * (((int) top() + y) * picture.width() + (int) left()), pixels,
                    3 * y * width, 3 * width);
        }
        return new RgbImage(width, height, pixels);
    }

    /**
     * The box alone, in the middle of a black square on its longer side, of which {@link Preprocess} cuts nothing.
     *
     * @param picture that the box {@linkplain #isIn is in}
     */
    public RgbImage crop(RgbImage picture) {
        int width = (int) (right() - left());
        int height = (int) (bottom() - top());
        int side = Math.max(width, height);
        return onBlack(picture, side, (side - width) / 2, (side - height) / 2);
    }

    /**
     * The picture, all but the box black, in the middle of a black square on its longer side, of which
     * {@link Preprocess} cuts nothing.
     *
     * @param picture that the box {@linkplain #isIn is in} and that {@linkplain #canMask can be masked}
     */
    public RgbImage mask(RgbImage picture) {
        int side = Math.max(picture.width(), picture.height());
        return onBlack(picture, side, (int) left() + (side - picture.width()) / 2,
                (int) top() + (side - picture.height()) / 2);
    }

    /** A black square with the box at (x, y). */
    private RgbImage onBlack(RgbImage picture, int side, int x, int y) {
        var pixels = new byte[3 * side * side];
        for (int row = 0; row < (int) (bottom() - top()); row++) {
            System.arraycopy(picture.pixels(), 3 * (((int) top() + row) * picture.width() + (int) left()),
                    pixels, 3 * ((y + row) * side + x), 3 * (int) (right() - left()));
        }
        return new RgbImage(side, side, pixels);
    }

    private double left() {
        return Math.rint(x);
    }

    private double top() {
        return Math.rint(y);
    }

    private double right() {
        return Math.rint(x + width);
    }

    private double bottom() {
        return Math.rint(y + height);
    }

    /** As it is written in files. */
    @Override
    public String toString() {
        return "[" + shown(x) + ", " + shown(y) + ", " + shown(width) + ", " + shown(height) + "]";
    }

    private static String shown(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? Long.toString((long) value)
                : Double.toString(value);
    }
}
