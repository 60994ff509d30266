package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Box}: overlaps and cut-outs worked out by hand. */
class BoxTest {

    /** 4 × 2 pixels, of grey levels 1 to 8. */
    private static final RgbImage PICTURE = grey(4, 1, 2, 3, 4, 5, 6, 7, 8);

    @ParameterizedTest
    @CsvSource({
        "0, 0, 2, 2,   0, 0, 2, 2,   1",
        "0, 0, 2, 2,   1, 0, 2, 2,   0.3333333333333333",
        "0, 0, 4, 4,   1, 1, 2, 2,   0.25",
        "0, 0, 3, 1,   0, 0, 3, 2,   0.5",
        "0, 0, 2, 2,   2, 0, 2, 2,   0",          // they touch
        "0, 0, 2, 2,   5, 5, 2, 2,   0",
        "0.5, 0, 1, 1, 0, 0, 1, 1,   0.3333333333333333"})
    void overlap(double x, double y, double w, double h, double x2, double y2, double w2, double h2, double expected) {
        assertEquals(expected, new Box(x, y, w, h).overlap(new Box(x2, y2, w2, h2)), 1e-15);
        assertEquals(expected, new Box(x2, y2, w2, h2).overlap(new Box(x, y, w, h)), 1e-15);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 4, 2, true",
        "-0.4, 0.3, 4.5, 2, true",
        "-1, 0, 2, 2, false",
        "0, -0.6, 2, 2, false",
        "3, 0, 2, 1, false",
        "0, 1, 1, 2, false",
        "4, 0, 1, 1, false",
        "1, 1, 0.2, 1, false",                    // between two pixels' middles
        "1e300, 0, 1, 1, false",
        "0, 0, 1.7e308, 1, false"})
    void isIn(double x, double y, double width, double height, boolean expected) {
        assertEquals(expected, new Box(x, y, width, height).isIn(PICTURE.size()));
    }

    @Test
    void aCropLiesInTheMiddleOfABlackSquare() {
        assertGrey(new Box(1, 0, 2, 2).crop(PICTURE), 2, 2, 3, 6, 7);
        assertGrey(new Box(0, 1, 3, 1).crop(PICTURE), 3, 0, 0, 0, 5, 6, 7, 0, 0, 0);
        assertGrey(new Box(3, 0, 1, 2).crop(PICTURE), 2, 4, 0, 8, 0);
        assertGrey(new Box(3, 1, 1, 1).crop(PICTURE), 1, 8);
        assertGrey(new Box(0.6, 0.4, 1.7, 1.3).crop(PICTURE), 2, 2, 0, 6, 0); // from 1 to 2, 0 to 2
    }

    @Test
    void aMaskKeepsTheBoxInItsPlace() {
        assertGrey(new Box(3, 1, 1, 1).mask(PICTURE), 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0);
        assertGrey(new Box(0, 0, 4, 2).mask(PICTURE), 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0);
        assertGrey(new Box(0, 2, 1, 1).mask(grey(1, 7, 8, 9)), 3, 0, 0, 0, 0, 0, 0, 0, 9, 0);
    }

    /** At the end of a long picture, where preprocessing of the picture itself would cut it off. */
    @Test
    void preprocessingKeepsBoxesFarFromTheCentre() {
        var pixels = new byte[3 * 64 * 16];
        Arrays.fill(pixels, (byte) 200);
        var picture = new RgbImage(64, 16, pixels);
        RgbImage masked = new Preprocess(64).apply(new Box(48, 0, 16, 16).mask(picture));
        int bright = 0;
        for (int i = 0; i < masked.pixels().length; i += 3) {
            bright += (masked.pixels()[i] & 0xFF) == 200 ? 1 : 0;
        }
        assertEquals(16 * 16, bright);
        RgbImage cropped = new Preprocess(64).apply(new Box(48, 0, 16, 16).crop(picture));
        assertTrue(Arrays.equals(new byte[] {(byte) 200}, 0, 1, cropped.pixels(), 0, 1));
    }

    @Test
    void noSquareIsMadeAroundAVeryLongPicture() {
        assertTrue(Box.canMask(new ImageSize(16384, 1)));
        assertFalse(Box.canMask(new ImageSize(1, 16385)));
    }

    private static RgbImage grey(int width, int... levels) {
        var pixels = new byte[3 * levels.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) levels[i / 3];
        }
        return new RgbImage(width, levels.length / width, pixels);
    }

    private static void assertGrey(RgbImage image, int side, int... levels) {
        assertEquals(side, image.width());
        assertEquals(side, image.height());
        assertArrayEquals(grey(side, levels).pixels(), image.pixels());
    }
}
