package org.diffusionclassifier.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Evidence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link HeatMap} and its PNG: which colour stands where, and how strong. */
class HeatMapTest {

    @TempDir
    private Path folder;

    private static final RgbImage BLACK = new RgbImage(32, 32, new byte[3 * 32 * 32]);

    /** For the winner at the left edge, for the runner-up half as much at the right edge. */
    private static final Evidence LEFT_AND_RIGHT = new Evidence(1, 4, IntStream.range(0, 16)
            .mapToDouble(i -> i % 4 == 0 ? -2e-3 : i % 4 == 3 ? 1e-3 : 0).toArray());

    @Test
    void blueFavoursTheWinnerOrangeTheRunnerUp() {
        RgbImage map = map(BLACK, LEFT_AND_RIGHT);
        assertEquals(384, map.width());
        int[] left = pixel(map, 0, 200);
        int[] right = pixel(map, 383, 200);
        assertArrayEquals(new int[] {26, 102, 217}, left);          // 0.85 of 1F78FF
        assertArrayEquals(new int[] {108, 54, 0}, right);           // 0.425 of FF8000
        assertArrayEquals(new int[] {0, 0, 0}, pixel(map, 191, 200));
    }

    /** Halfway between the centres of two places, at 48 and 144 of 384, the mean of both. */
    @Test
    void isLinearBetweenPlaces() {
        RgbImage map = map(BLACK, LEFT_AND_RIGHT);
        int[] half = pixel(map, 95, 200);
        int[] whole = pixel(map, 47, 200);
        for (int channel = 0; channel < 3; channel++) {
            assertEquals(whole[channel] / 2.0, half[channel], 2, "channel " + channel);
        }
    }

    @Test
    void whatDoesNotMatterIsGrey() {
        var white = new byte[3 * 32 * 32];
        Arrays.fill(white, (byte) 0xFF);
        int[] pixel = pixel(map(new RgbImage(32, 32, white), LEFT_AND_RIGHT), 191, 200);
        assertArrayEquals(new int[] {166, 166, 166}, pixel);
        RgbImage none = map(BLACK, new Evidence(1, 4, new double[16]));
        assertArrayEquals(new int[3], pixel(none, 100, 100));
    }

    @Test
    void aLargePictureKeepsItsSize() {
        RgbImage large = map(new RgbImage(512, 512, new byte[3 * 512 * 512]), LEFT_AND_RIGHT);
        assertEquals(512, large.width());
        assertEquals(512, large.height());
    }

    /** The PNG has the picture at the left, the map at the right, and the bar of colours from end to end below. */
    @Test
    void thePngHasPictureMapAndLegend() throws IOException {
        Path png = folder.resolve("e.png");
        HeatMapDrawing.write(png, new Explanation(BLACK, LEFT_AND_RIGHT, "Ångström".repeat(20), "猫"));
        BufferedImage drawn = ImageIO.read(png.toFile());
        assertEquals(2 * 384 + 3 * 16, drawn.getWidth());
        assertEquals(0x000000, drawn.getRGB(200, 200) & 0xFFFFFF);
        assertEquals(0x1A66D9, drawn.getRGB(2 * 16 + 384, 200) & 0xFFFFFF);
        int bar = 384 + 2 * 16 + 8;
        assertTrue((drawn.getRGB(20, bar) & 0xFF) > 200, "blue at the left end");
        assertTrue((drawn.getRGB(drawn.getWidth() - 20, bar) >> 16 & 0xFF) > 200, "orange at the right end");
        assertEquals(0xFFFFFF, drawn.getRGB(17, bar + 8 + 4 + 4) & 0xFFFFFF, "a minus before the largest difference");
    }

    private static RgbImage map(RgbImage seen, Evidence evidence) {
        return HeatMap.of(new Explanation(seen, evidence, "cat", "dog"));
    }

    private static int[] pixel(RgbImage image, int x, int y) {
        return IntStream.range(0, 3).map(c -> image.pixels()[3 * (y * image.width() + x) + c] & 0xFF).toArray();
    }
}
