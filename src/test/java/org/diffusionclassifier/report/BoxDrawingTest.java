package org.diffusionclassifier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.RgbImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link BoxDrawing}: what stands where in the picture that is written. */
class BoxDrawingTest {

    private static final int GREEN = 0x00E060;
    private static final int ORANGE = 0xFF9000;
    private static final int BLUE = 0x0000FF;

    @TempDir
    private Path folder;

    @Test
    void theChosenBoxIsGreenTheOthersOrange() throws IOException {
        BufferedImage drawn = draw(blue(480, 480), 0);
        assertEquals(480, drawn.getWidth());
        assertEquals(GREEN, colour(drawn, 10, 200));
        assertEquals(GREEN, colour(drawn, 109, 200));
        assertEquals(GREEN, colour(drawn, 50, 299));
        assertEquals(ORANGE, colour(drawn, 200, 450));
        assertEquals(BLUE, colour(drawn, 60, 200));
        assertEquals(BLUE, colour(drawn, 5, 5));
        assertEquals(BLUE, colour(drawn, 110, 200));
        assertEquals(ORANGE, colour(draw(blue(480, 480), null), 10, 200));
    }

    /** The label of box 1 begins with a one: dots of two pixels, by its rows .#. ##. .#. .#. ### */
    @Test
    void theLabelIsLegible() throws IOException {
        BufferedImage drawn = draw(blue(480, 480), 0);
        var seen = new StringBuilder();
        for (int row = 0; row < 5; row++) {
            for (int column = 0; column < 3; column++) {
                seen.append(colour(drawn, 10 + 4 + 2 + 2 * column, 100 + 4 + 2 + 2 * row) == GREEN ? '#' : '.');
            }
        }
        assertEquals(".#.##..#..#.###", seen.toString());
    }

    @ParameterizedTest
    @CsvSource({"4, 4, 480, 480", "1, 480, 4, 1920", "500, 700, 500, 700", "3, 2000, 3, 2000"})
    void smallPicturesAreEnlarged(int width, int height, int drawnWidth, int drawnHeight) throws IOException {
        Path png = folder.resolve("drawn.png");
        BoxDrawing.write(png, blue(width, height), List.of(new Box(0, 0, 1, 1)), new double[] {-1e9}, null);
        BufferedImage drawn = ImageIO.read(png.toFile());
        assertEquals(drawnWidth, drawn.getWidth());
        assertEquals(drawnHeight, drawn.getHeight());
        assertNotEquals(BLUE, colour(drawn, 0, 0));
        assertEquals(BLUE, colour(drawn, drawnWidth - 1, drawnHeight - 1));
    }

    private BufferedImage draw(RgbImage picture, Integer chosen) throws IOException {
        Path png = folder.resolve("drawn.png");
        BoxDrawing.write(png, picture, List.of(new Box(10, 100, 100, 200), new Box(200, 400, 30, 60)),
                new double[] {0.5, -0.25}, chosen);
        return ImageIO.read(png.toFile());
    }

    private static int colour(BufferedImage image, int x, int y) {
        return image.getRGB(x, y) & 0xFFFFFF;
    }

    private static RgbImage blue(int width, int height) {
        var pixels = new byte[3 * width * height];
        for (int i = 2; i < pixels.length; i += 3) {
            pixels[i] = (byte) 0xFF;
        }
        return new RgbImage(width, height, pixels);
    }
}
