package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pictures have the pixels of Pillow's {@code Image.open(file).convert("RGB")}, with which the reference implementation
 * reads them. The files under {@code image/pillow/} and those pixels were written by {@code pictures.py} there.
 */
class PillowTest {

    @ParameterizedTest
    @ValueSource(strings = {"rgba.png", "grey-alpha.png", "rgb-key.png", "grey-key.png", "palette-alpha.png",
        "palette-key.png", "key.gif", "rgba.webp", "rgba-lossy.webp", "rgba.tiff", "grey-alpha.tiff", "associated.tiff",
        "associated-beyond-alpha.tiff", "unspecified.tiff"})
    void coloursBehindTransparencyStay(String file) throws IOException {
        assertPixels(file, read(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"offset.gif", "offset-key.gif", "offset-local.gif", "offset-key-local-interlaced.gif",
        "beyond-screen.gif", "no-screen.gif", "key-beyond-palette.gif", "full-interlaced.gif", "animation.webp",
        "animation-alpha.webp", "animation-lossless.webp"})
    void aFirstFrameLiesOnItsCanvas(String file) throws IOException {
        assertPixels(file, read(file));
    }

    @Test
    void theChromaOfALossyWebpIsInterpolated() throws IOException {
        assertPixels("chroma.webp", read("chroma.webp"));
    }

    /** libwebp's reader is shared by no two threads, its library by all. */
    @Test
    void webpIsReadByManyThreads() throws IOException {
        byte[] file = resource("chroma.webp");
        RgbImage expected = ImageDecoder.read(file, "chroma.webp");
        IntStream.range(0, 200).parallel().forEach(i ->
                assertArrayEquals(expected.pixels(), ImageDecoder.read(file, "chroma.webp").pixels()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"binary.ppm", "binary.pgm", "binary.pbm", "text.ppm", "text.pgm", "text.pbm",
        "sixteen-bit.ppm"})
    void netpbmIsRead(String file) throws IOException {
        assertPixels(file, read(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"several.mpo", "animation.png", "pages.tiff", "garbage.jpg"})
    void theFirstOfSeveralPicturesCounts(String file) throws IOException {
        assertPixels(file, read(file));
    }

    @Test
    void aBackgroundTakesThePlaceOfWhatIsTransparent() throws IOException {
        assertPixels("rgba.png.on-ff8003", read("rgba.png").on(new Background(255, 128, 3)));
        assertPixels("rgba.png", read("rgba.png").on(null));
        assertPixels("binary.ppm", read("binary.ppm").on(new Background(255, 128, 3)));
    }

    /** Two rows at a time, one, and all at once. */
    @ParameterizedTest
    @ValueSource(ints = {26, 1, 1 << 20})
    void aLargePictureIsReduced(int band) throws IOException {
        assertPixels("halved.png.half", ImageDecoder.read(resource("halved.png"), "halved.png", 116, band));
        assertPixels("halved.png", ImageDecoder.read(resource("halved.png"), "halved.png", 117, band));
    }

    private static void assertPixels(String name, RgbImage image) throws IOException {
        ByteBuffer expected = ByteBuffer.wrap(resource(name + ".rgb")).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(new ImageSize(expected.getInt(), expected.getInt()), image.size());
        var pixels = new byte[expected.remaining()];
        expected.get(pixels);
        assertArrayEquals(pixels, image.pixels(), name);
    }

    private static RgbImage read(String file) throws IOException {
        return ImageDecoder.read(resource(file), file);
    }

    private static byte[] resource(String file) throws IOException {
        try (var stream = PillowTest.class.getResourceAsStream("/image/pillow/" + file)) {
            return stream.readAllBytes();
        }
    }
}
