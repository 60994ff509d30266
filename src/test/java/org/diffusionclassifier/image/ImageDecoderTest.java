package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The files under {@code image/} were written by Pillow, libwebp and ImageMagick from the formulas below, at 7×5 pixels
 * (the grey and the colour picture) or in flat blocks (the lossy ones).
 */
class ImageDecoderTest {

    private static final int WIDTH = 7;
    private static final int HEIGHT = 5;

    private interface Picture {
        int level(int x, int y, int channel);
    }

    private static final Picture COLOURS = (x, y, channel) -> switch (channel) {
        case 0 -> 36 * x;
        case 1 -> 60 * y;
        default -> 255 - 20 * x - 15 * y;
    };

    private static final Picture GREY = (x, y, channel) -> 36 * x + 5 * y;

    @ParameterizedTest
    @ValueSource(strings = {"interlaced.png", "rgb.gif", "rgb.bmp", "strips.tiff", "lzw.tiff", "lossless.webp"})
    void losslessColoursComeOutAsTheyWent(String file) throws IOException {
        assertPicture(COLOURS, 0, read(file));
    }

    @Test
    void greyIsCopiedToEveryChannelWithoutGamma() throws IOException {
        assertPicture(GREY, 0, read("grey.png"));
        assertPicture(GREY, 3, read("grey.jpg"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"one-bit.png", "one-bit.tiff"})
    void oneBitIsBlackAndWhite(String file) throws IOException {
        assertPicture((x, y, channel) -> (x + y) % 2 * 255, 0, read(file));
    }

    @Test
    void sixteenBitsAreRoundedToEight() throws IOException {
        assertPicture((x, y, channel) -> to8(9000 * x + 1000 * y), 0, read("grey-16.png"));
        assertPicture((x, y, channel) -> to8(deep(x, y, channel)), 0, read("rgb-16.png"));
        assertPicture((x, y, channel) -> to8(deep(x, y, channel)), 0, read("rgba-16.png"));
    }

    @Test
    void transparencyLiesOnBlackIfAsked() throws IOException {
        var black = new Background(0, 0, 0);
        assertPicture((x, y, channel) -> over(COLOURS.level(x, y, channel), 40 * x), 0, read("rgba.png").on(black));
        assertPicture((x, y, channel) -> over(COLOURS.level(x, y, channel), 40 * x), 0, read("alpha.webp").on(black));
        assertPicture((x, y, channel) -> over(GREY.level(x, y, channel), 60 * y), 0, read("grey-alpha.png").on(black));
        assertPicture((x, y, channel) -> x == 6 && y == 4 ? 0 : COLOURS.level(x, y, channel),
                0, read("palette-transparent.png").on(black));
    }

    @Test
    void fullyOpaqueAlphaChangesNothing() throws IOException {
        var image = new BufferedImage(256, 1, BufferedImage.TYPE_INT_ARGB);
        for (int x = 0; x < 256; x++) {
            image.setRGB(x, 0, new Color(x, 255 - x, 128).getRGB());
        }
        var pixels = ImageDecoder.read(written(image, "png"), "opaque.png").pixels();
        for (int x = 0; x < 256; x++) {
            assertArrayEquals(new byte[] {(byte) x, (byte) (255 - x), (byte) 128},
                    Arrays.copyOfRange(pixels, 3 * x, 3 * x + 3));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"baseline.jpg", "progressive.jpg", "lossy.webp"})
    void lossyColoursAreNearInsideFlatBlocks(String file) throws IOException {
        var image = read(file);
        assertEquals(32, image.width());
        assertEquals(16, image.height());
        assertColour(new Color(200, 30, 30), image, 7, 3);
        assertColour(new Color(30, 160, 40), image, 24, 3);
        assertColour(new Color(20, 40, 200), image, 7, 12);
        assertColour(new Color(230, 230, 210), image, 24, 12);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cmyk.jpg", "ycck.jpg"})
    void printColoursBecomeScreenColours(String file) throws IOException {
        var image = read(file);
        assertColour(Color.WHITE, image, 3, 3);
        assertColour(Color.CYAN, image, 12, 3);
        assertColour(Color.RED, image, 20, 3);
        assertColour(Color.BLACK, image, 28, 3);
    }

    /** The letters are where the file's corners, row by row, end up in the picture. */
    @ParameterizedTest
    @CsvSource({"1, ABCD", "2, BADC", "3, DCBA", "4, CDAB", "5, ACBD", "6, CADB", "7, DBCA", "8, BDAC", "0, ABCD",
        "9, ABCD"})
    void jpegOrientationIsUndone(int orientation, String corners) throws IOException {
        var image = ImageDecoder.read(withOrientation(resource("baseline.jpg"), orientation), "photo.jpg");
        boolean turned = orientation >= 5 && orientation <= 8;
        assertEquals(turned ? 16 : 32, image.width());
        assertEquals(turned ? 32 : 16, image.height());
        var colours = Map.of('A', new Color(200, 30, 30), 'B', new Color(30, 160, 40),
                'C', new Color(20, 40, 200), 'D', new Color(230, 230, 210));
        for (int i = 0; i < 4; i++) {
            assertColour(colours.get(corners.charAt(i)), image,
                    i % 2 * (image.width() - 1), i / 2 * (image.height() - 1));
        }
    }

    /** As Pillow's open does, whatever the camera says. */
    @Test
    void isLeftAsItIsStoredWhenAskedFor(@TempDir Path folder) throws IOException {
        Path turned = Files.write(folder.resolve("photo.jpg"), withOrientation(resource("baseline.jpg"), 6));
        assertArrayEquals(ImageDecoder.read(resource("baseline.jpg"), "photo.jpg").pixels(),
                ImageDecoder.read(turned, Turning.STORED).pixels());
        assertEquals(32, ImageDecoder.read(turned, Turning.STORED).width());
        assertEquals(16, ImageDecoder.read(turned).width());
        assertEquals(32, ImageDecoder.readWhole(turned, Turning.STORED).width());
        assertEquals(16, ImageDecoder.readWhole(turned).width());
        assertEquals(32, ImageDecoder.size(turned, Turning.STORED).width());
        assertEquals(16, ImageDecoder.size(turned).width());
        assertEquals(32, ImageDecoder.read(Files.readAllBytes(turned), "photo.jpg", Turning.STORED).width());
    }

    @ParameterizedTest
    @ValueSource(strings = {"orientation-6.tiff", "orientation-6.png", "orientation-6.webp"})
    void otherFormatsCarryAnOrientationToo(String file) throws IOException {
        var image = read(file);
        assertEquals(HEIGHT, image.width());
        assertEquals(WIDTH, image.height());
        for (int y = 0; y < WIDTH; y++) {
            for (int x = 0; x < HEIGHT; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    assertEquals(COLOURS.level(y, HEIGHT - 1 - x, channel), level(image, x, y, channel));
                }
            }
        }
    }

    @Test
    void brokenExifLeavesTheImageUpright() throws IOException {
        var bytes = withOrientation(resource("baseline.jpg"), 6);
        Arrays.fill(bytes, 16, 34, (byte) 0xA5);    // the TIFF structure inside the APP1 segment
        assertEquals(32, ImageDecoder.read(bytes, "photo.jpg").width());
    }

    @Test
    void onePixelIsAnImage() throws IOException {
        var image = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setSample(0, 0, 0, 128);
        assertArrayEquals(new byte[] {(byte) 128, (byte) 128, (byte) 128},
                ImageDecoder.read(written(image, "png"), "one.png").pixels());
    }

    @Test
    void readsFromAnyFileSystem(@TempDir Path folder) throws IOException {
        var zip = URI.create("jar:" + folder.resolve("images.zip").toUri());
        try (var files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            var file = files.getPath("/a.webp");
            Files.write(file, resource("lossless.webp"));
            assertPicture(COLOURS, 0, ImageDecoder.read(file));
        }
    }

    @Test
    void whatIsNoImageFileIsNamed(@TempDir Path folder) throws IOException {
        var text = Files.writeString(folder.resolve("cat.txt"), "A cat sat on the mat.\n");
        var empty = Files.createFile(folder.resolve("empty.png"));
        var missing = folder.resolve("missing.png");
        var expected = " (expected PNG, JPEG, WebP, GIF, BMP, TIFF or PNM)";
        assertEquals(text + ": not an image" + expected, refusal(text));
        assertEquals(empty + ": not an image" + expected, refusal(empty));
        assertEquals(missing + ": no such file", refusal(missing));
        assertTrue(refusal(folder).startsWith(folder + ": is a directory, expected an image file"));
    }

    /** The first of the two frames of the GIF takes half of it; the rest are cut in their only one. */
    @ParameterizedTest
    @CsvSource({"interlaced.png, 75", "grey-16.png, 60", "baseline.jpg, 75", "baseline.jpg, 99", "progressive.jpg, 75",
        "cmyk.jpg, 75", "lossless.webp, 75", "lossy.webp, 75", "rgb.gif, 45", "rgb.bmp, 75", "lzw.tiff, 75",
        "strips.tiff, 25"})
    void truncatedFilesAreRefused(String file, int percent) throws IOException {
        var bytes = resource(file);
        var part = Arrays.copyOf(bytes, bytes.length * percent / 100);
        var message = assertThrows(InputException.class, () -> ImageDecoder.read(part, file)).getMessage();
        assertTrue(message.startsWith(file + ": broken image: "), message);
        assertEquals(1, message.lines().count(), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"interlaced.png", "baseline.jpg", "progressive.jpg", "lossless.webp", "lossy.webp",
        "rgb.gif", "rgb.bmp", "lzw.tiff", "orientation-6.tiff", "one-bit.tiff", "ycck.jpg"})
    void damagedFilesAreReadOrRefusedButNeverCrash(String file) throws IOException {
        var random = new Random(1);
        for (int i = 0; i < 60; i++) {
            var bytes = resource(file);
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                var image = ImageDecoder.read(bytes, file);
                assertEquals(3 * image.width() * image.height(), image.pixels().length);
            } catch (InputException e) {
                assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        }
    }

    @Test
    void absurdSizesAreRefusedBeforeAllocation() {
        var message = assertThrows(InputException.class,
                () -> ImageDecoder.read(pngHeader(100_000, 100_000), "huge.png")).getMessage();
        assertEquals("huge.png: 100000×100000 pixels, expected at most 268435456 in all", message);
    }

    /** By bands of three rows, each read by itself, as by one of all rows. */
    @ParameterizedTest
    @ValueSource(strings = {"interlaced.png", "palette-transparent.png", "grey-16.png", "baseline.jpg",
        "progressive.jpg", "cmyk.jpg", "ycck.jpg", "lossy.webp", "alpha.webp", "rgb.gif", "rgb.bmp", "lzw.tiff",
        "strips.tiff", "one-bit.tiff", "pillow/binary.ppm", "pillow/binary.pbm", "pillow/text.ppm", "pillow/offset.gif",
        "pillow/associated.tiff"})
    void bandsMakeThePictureThatTheWholeMakes(String file) throws IOException {
        var bytes = resource(file);
        int width = ImageDecoder.read(bytes, file).width();
        var whole = ImageDecoder.read(bytes, file, 0, 1 << 20);
        var banded = ImageDecoder.read(bytes, file, 0, 3 * width);
        assertEquals((width + 1) / 2, banded.width());
        assertArrayEquals(whole.pixels(), banded.pixels());
        assertArrayEquals(whole.alpha(), banded.alpha());
    }

    @Test
    void zeroSizedImagesAreRefused() {
        for (int[] size : new int[][] {{0, 5}, {5, 0}}) {
            var message = assertThrows(InputException.class,
                    () -> ImageDecoder.read(pngHeader(size[0], size[1]), "zero.png")).getMessage();
            assertTrue(message.startsWith("zero.png: broken image: "), message);
        }
    }

    private static int deep(int x, int y, int channel) {
        return switch (channel) {
            case 0 -> 9000 * x;
            case 1 -> 13000 * y;
            default -> 65535 - 7000 * x - 5000 * y;
        };
    }

    private static int to8(int level) {
        return (int) Math.round(level * 255 / 65535.0);
    }

    private static int over(int level, int alpha) {
        return (int) Math.round(level * alpha / 255.0);
    }

    private static int level(RgbImage image, int x, int y, int channel) {
        return image.pixels()[(y * image.width() + x) * 3 + channel] & 0xFF;
    }

    private static void assertPicture(Picture expected, int tolerance, RgbImage image) {
        assertEquals(WIDTH, image.width());
        assertEquals(HEIGHT, image.height());
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    assertEquals(expected.level(x, y, channel), level(image, x, y, channel), tolerance,
                            "(%d, %d), channel %d".formatted(x, y, channel));
                }
            }
        }
    }

    private static void assertColour(Color expected, RgbImage image, int x, int y) {
        assertEquals(expected.getRed(), level(image, x, y, 0), 6);
        assertEquals(expected.getGreen(), level(image, x, y, 1), 6);
        assertEquals(expected.getBlue(), level(image, x, y, 2), 6);
    }

    private static String refusal(Path file) {
        return assertThrows(InputException.class, () -> ImageDecoder.read(file)).getMessage();
    }

    private static RgbImage read(String file) throws IOException {
        return ImageDecoder.read(resource(file), file);
    }

    private static byte[] resource(String file) throws IOException {
        try (var stream = ImageDecoderTest.class.getResourceAsStream("/image/" + file)) {
            return stream.readAllBytes();
        }
    }

    private static byte[] written(BufferedImage image, String format) throws IOException {
        var bytes = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, bytes));
        return bytes.toByteArray();
    }

    /** The JPEG with an EXIF segment of that one tag behind its first two bytes. */
    private static byte[] withOrientation(byte[] jpeg, int orientation) {
        var exif = ByteBuffer.allocate(36)
                .putShort((short) 0xFFE1).putShort((short) 34).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 0x4D4D).putShort((short) 42).putInt(8)
                .putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1)
                .putShort((short) orientation).putShort((short) 0).putInt(0);
        return ByteBuffer.allocate(jpeg.length + 36)
                .put(jpeg, 0, 2).put(exif.array()).put(jpeg, 2, jpeg.length - 2).array();
    }

    /** A PNG that says it is of that size, 8-bit RGB, and holds nothing else. */
    private static byte[] pngHeader(int width, int height) {
        var chunk = ByteBuffer.allocate(17).put("IHDR".getBytes(StandardCharsets.US_ASCII))
                .putInt(width).putInt(height).put(new byte[] {8, 2, 0, 0, 0});
        var crc = new CRC32();
        crc.update(chunk.array());
        return ByteBuffer.allocate(33).putLong(0x89504E470D0A1A0AL)
                .putInt(13).put(chunk.array()).putInt((int) crc.getValue()).array();
    }
}
