package org.diffusionclassifier.report;

import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Evidence;

/**
 * Evidence over a picture: blue where it favours the winner, orange where it favours the runner-up. The stronger the
 * evidence, the less of the picture shows through. The picture itself is dim grey, so that all colour is evidence.
 * Colour-blind readers can distinguish blue and orange, too.
 */
public final class HeatMap {

    /** 0xRRGGBB of the largest difference. */
    static final int WINNER = 0x1F78FF;
    static final int RUNNER_UP = 0xFF8000;

    /** How much of the picture the largest difference hides. */
    private static final double OPACITY = 0.85;

    /** The part of the picture's own brightness that remains. */
    private static final double DIM = 0.65;

    /** The map is drawn on at least about this many pixels a side, so that it is smooth over a small picture, too. */
    private static final int SMOOTH = 384;

    private HeatMap() {
    }

    /**
     * The picture under the map. A small picture is enlarged by a whole number; the map is interpolated between the
     * places of the latent.
     */
    public static RgbImage of(Explanation explanation) {
        RgbImage seen = explanation.seen();
        Evidence evidence = explanation.evidence();
        int scale = enlargement(seen);
        int width = seen.width() * scale;
        int height = seen.height() * scale;
        double largest = evidence.largest();
        var pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double share = largest == 0 ? 0 : at(evidence, (x + 0.5) / width, (y + 0.5) / height) / largest;
                blend(DIM * grey(seen, x / scale, y / scale), share, pixels, 3 * (y * width + x));
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /** How many pixels a pixel of the picture becomes in each direction. */
    static int enlargement(RgbImage seen) {
        return Math.max(1, SMOOTH / seen.width());
    }

    /** The colour of a share of the largest difference, from −1 for the winner to 1 for the runner-up, over black. */
    static int colour(double share) {
        var pixel = new byte[3];
        blend(0, share, pixel, 0);
        return (pixel[0] & 0xFF) << 16 | (pixel[1] & 0xFF) << 8 | pixel[2] & 0xFF;
    }

    private static void blend(double grey, double share, byte[] pixels, int at) {
        int colour = share < 0 ? WINNER : RUNNER_UP;
        double opacity = OPACITY * Math.abs(share);
        for (int channel = 0; channel < 3; channel++) {
            int full = colour >> 16 - 8 * channel & 0xFF;
            pixels[at + channel] = (byte) Math.round(grey * (1 - opacity) + full * opacity);
        }
    }

    /** Luma as in ITU-R BT.601. */
    private static double grey(RgbImage picture, int x, int y) {
        int i = 3 * (y * picture.width() + x);
        return 0.299 * (picture.pixels()[i] & 0xFF) + 0.587 * (picture.pixels()[i + 1] & 0xFF)
                + 0.114 * (picture.pixels()[i + 2] & 0xFF);
    }

    /** Between the centres of the four nearest places linearly; beyond the outermost centres as at the edge. */
    private static double at(Evidence evidence, double across, double down) {
        int last = evidence.size() - 1;
        double x = Math.max(0, Math.min(last, across * evidence.size() - 0.5));
        double y = Math.max(0, Math.min(last, down * evidence.size() - 0.5));
        int left = (int) x;
        int top = (int) y;
        int right = Math.min(last, left + 1);
        int bottom = Math.min(last, top + 1);
        return mix(mix(place(evidence, left, top), place(evidence, right, top), x - left),
                mix(place(evidence, left, bottom), place(evidence, right, bottom), x - left), y - top);
    }

    private static double place(Evidence evidence, int x, int y) {
        return evidence.difference()[y * evidence.size() + x];
    }

    private static double mix(double from, double to, double share) {
        return from + share * (to - from);
    }
}
