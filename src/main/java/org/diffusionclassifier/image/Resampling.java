package org.diffusionclassifier.image;

/**
 * Pillow's resampling, grey level for grey level: two passes, columns first, each with its own fixed-point weights and
 * rounded to 8 bits. Only the part that survives a crop is computed, so that a 1×100000 strip costs no more than
 * another image.
 */
final class Resampling {

    /** Fraction bits of a weight: 32, less 8 of the sample, less 2 for sign and for sums beyond 1. */
    private static final int PRECISION = 32 - 8 - 2;

    /** The weight of a source pixel by its distance from the target pixel's centre. */
    enum Filter {
        /** 1 within half a pixel. */
        BOX(0.5),
        /** The cubic convolution kernel of Keys (1981) with a = −½. */
        BICUBIC(2);

        /** Reach on either side, in source pixels (in target pixels when reducing). */
        private final double support;

        Filter(double support) {
            this.support = support;
        }

        private double weight(double x) {
            if (this == BOX) {
                return x > -0.5 && x <= 0.5 ? 1 : 0;
            }
            double a = -0.5;
            double d = Math.abs(x);
            if (d < 1) {
                return ((a + 2) * d - (a + 3)) * d * d + 1;
            }
            return d < support ? (((d - 5) * d + 8) * d - 4) * a : 0;
        }
    }

    private Resampling() {
    }

    /** The image resampled by {@code columns} and {@code rows}. */
    static RgbImage apply(RgbImage image, Axis columns, Axis rows) {
        int width = columns.first.length;
        int height = rows.first.length;
        int top = rows.first[0];
        int bottom = rows.first[height - 1] + rows.weights[height - 1].length;
        var narrow = new byte[(bottom - top) * width * 3];
        for (int y = top; y < bottom; y++) {
            for (int x = 0; x < width; x++) {
                int from = (y * image.width() + columns.first[x]) * 3;
                blend(image.pixels(), from, 3, columns.weights[x], narrow, ((y - top) * width + x) * 3);
            }
        }
        var result = new byte[height * width * 3];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = ((rows.first[y] - top) * width + x) * 3;
                blend(narrow, from, width * 3, rows.weights[y], result, (y * width + x) * 3);
            }
        }
        return new RgbImage(width, height, result);
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
    record Axis(int[] first, int[][] weights) {

        /**
         * @param source length of the side
         * @param target its length after the resize, at least {@code offset + count}
         * @param offset the first pixel of these that the crop keeps
         * @param count  how many it keeps
         */
        static Axis of(Filter filter, int source, long target, long offset, int count) {
            double scale = (double) source / target;
            double stretch = Math.max(scale, 1);                       // widened when reducing: antialiasing
            double support = filter.support * stretch;
            var first = new int[count];
            var weights = new int[count][];
            for (int i = 0; i < count; i++) {
                double centre = (offset + i + 0.5) * scale;
                first[i] = (int) Math.max(0, centre - support + 0.5);
                int end = (int) Math.min(source, centre + support + 0.5);
                var exact = new double[end - first[i]];
                double sum = 0;
                for (int j = 0; j < exact.length; j++) {
                    exact[j] = filter.weight((first[i] + j - centre + 0.5) * (1 / stretch));
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
    }
}
