package org.diffusionclassifier.image;

/**
 * Brings an image to the square that a model takes: the shorter side resized to {@code size}, the centre cropped,
 * samples in [−1, 1]. The result is, grey level for grey level, that of torchvision's {@code Resize(size, BICUBIC)},
 * {@code CenterCrop(size)}, {@code ToTensor()}, {@code Normalize(0.5, 0.5)} on an RGB image of Pillow, which is what
 * the paper's reference implementation feeds its models.
 *
 * <p>Pillow resamples in two passes, columns first, each with its own fixed-point weights and rounded to 8 bits; only
 * the part that survives the crop is computed here, so that a 1×100000 strip costs no more than another image.
 *
 * @param size side of the square that comes out, in pixels, at least 1
 */
public record Preprocess(int size) {

    /** Fraction bits of a weight: 32, less 8 of the sample, less 2 for sign and for sums beyond 1. */
    private static final int PRECISION = 32 - 8 - 2;

    /** Reach of the cubic kernel on either side, in source pixels (in target pixels when reducing). */
    private static final double SUPPORT = 2;

    public Preprocess {
        if (size < 1) {
            throw new IllegalArgumentException("image size must be at least 1, found " + size);
        }
    }

    /**
     * Resizes and crops.
     *
     * @param image any size
     * @return [size, size, 3]; the same pixels when the image has that size already
     */
    public RgbImage apply(RgbImage image) {
        int shorter = Math.min(image.width(), image.height());
        var columns = Axis.resample(image.width(), scaled(image.width(), shorter), size);
        var rows = Axis.resample(image.height(), scaled(image.height(), shorter), size);

        int top = rows.first[0];
        int bottom = rows.first[size - 1] + rows.weights[size - 1].length;
        var narrow = new byte[(bottom - top) * size * 3];
        for (int y = top; y < bottom; y++) {
            for (int x = 0; x < size; x++) {
                int from = (y * image.width() + columns.first[x]) * 3;
                blend(image.pixels(), from, 3, columns.weights[x], narrow, ((y - top) * size + x) * 3);
            }
        }
        var square = new byte[size * size * 3];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                int from = ((rows.first[y] - top) * size + x) * 3;
                blend(narrow, from, size * 3, rows.weights[y], square, (y * size + x) * 3);
            }
        }
        return new RgbImage(size, size, square);
    }

    /**
     * Samples as the networks take them.
     *
     * @return [height, width, 3], each in [−1, 1]
     */
    public static float[] normalise(RgbImage image) {
        var samples = new float[image.pixels().length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = ((image.pixels()[i] & 0xFF) / 255f - 0.5f) / 0.5f;
        }
        return samples;
    }

    /** Length of a side after the resize; rounded down, as torchvision does. Beyond 2³¹ for a thin enough image. */
    private long scaled(int side, int shorter) {
        return (long) size * side / shorter;
    }

    /** One target pixel from {@code weights.length} source pixels that lie {@code stride} bytes apart. */
    private static void blend(byte[] source, int from, int stride, int[] weights, byte[] target, int to) {
        int red = 1 << (PRECISION - 1);
        int green = red;
        int blue = red;
        for (int weight : weights) {
            red += (source[from] & 0xFF) * weight;
            green += (source[from + 1] & 0xFF) * weight;
            blue += (source[from + 2] & 0xFF) * weight;
            from += stride;
        }
        target[to] = clip(red >> PRECISION);
        target[to + 1] = clip(green >> PRECISION);
        target[to + 2] = clip(blue >> PRECISION);
    }

    private static byte clip(int level) {
        return (byte) Math.max(0, Math.min(255, level));
    }

    /**
     * The resampling of one direction: target pixel i is the sum of source pixels from {@code first[i]} on, times
     * {@code weights[i]}. A direction that keeps its length gets the weights 1 and 0, and so stays as it is.
     */
    private record Axis(int[] first, int[][] weights) {

        /**
         * @param source length of the side
         * @param target its length after the resize, at least {@code count}
         * @param count  pixels that the centre crop keeps of these
         */
        static Axis resample(int source, long target, int count) {
            long offset = (long) Math.rint((target - count) / 2.0);    // halves to even, as Python rounds
            double scale = (double) source / target;
            double stretch = Math.max(scale, 1);                       // widened when reducing: antialiasing
            double support = SUPPORT * stretch;
            var first = new int[count];
            var weights = new int[count][];
            for (int i = 0; i < count; i++) {
                double centre = (offset + i + 0.5) * scale;
                first[i] = (int) Math.max(0, centre - support + 0.5);
                int end = (int) Math.min(source, centre + support + 0.5);
                var exact = new double[end - first[i]];
                double sum = 0;
                for (int j = 0; j < exact.length; j++) {
                    exact[j] = cubic((first[i] + j - centre + 0.5) * (1 / stretch));
                    sum += exact[j];
                }
                weights[i] = new int[exact.length];
                for (int j = 0; j < exact.length; j++) {
                    double weight = exact[j] / sum * (1 << PRECISION);
                    weights[i][j] = (int) (weight + Math.copySign(0.5, weight));
                }
            }
            return new Axis(first, weights);
        }

        /** The cubic convolution kernel of Keys (1981) with a = −½. */
        private static double cubic(double x) {
            double a = -0.5;
            double d = Math.abs(x);
            if (d < 1) {
                return ((a + 2) * d - (a + 3)) * d * d + 1;
            }
            return d < SUPPORT ? (((d - 5) * d + 8) * d - 4) * a : 0;
        }
    }
}
