package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kinds by the first bytes. Those in hexadecimal are what ImageMagick's {@code identify} takes for that kind. */
class ImageKindTest {

    @ParameterizedTest
    @CsvSource({"image/grey.png, PNG", "image/cmyk.jpg, JPEG", "image/lossy.webp, WEBP", "image/rgb.gif, GIF",
        "image/rgb.bmp, BMP", "image/lzw.tiff, TIFF", "image/pillow/several.mpo, JPEG", "image/pillow/text.pbm, PNM",
        "image/pillow/binary.ppm, PNM", "image/pillow/pictures.py, NONE"})
    void picturesOfOthersAreKnown(String resource, ImageKind kind, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("no-telling-name");
        try (var stream = ImageKindTest.class.getResourceAsStream("/" + resource)) {
            Files.copy(stream, file);
        }
        assertEquals(kind, ImageKind.of(file));
        assertEquals(kind != ImageKind.NONE, kind.readable());
    }

    @ParameterizedTest
    @CsvSource({"0000001c667479706176696600000000, AVIF", "00000024667479706865696300000000, HEIC",
        "00000018667479706d69663100000000, HEIC", "0000000c6a5020200d0a870a, JPEG 2000", "ff4fff510029, JPEG 2000",
        "0000000c4a584c200d0a870a, JPEG XL", "ff0afa7f, JPEG XL", "0000010001001010, ICO", "38425053000100, Photoshop",
        "762f310102000000, OpenEXR", "233f52414449414e43450a, Radiance HDR", "50460a31203120, PFM",
        "444453207c000000, DDS", "716f696600000001, QOI"})
    void otherKindsAreRefusedByName(String start, String label) {
        byte[] bytes = HexFormat.of().parseHex(start);
        assertEquals(label, ImageKind.of(bytes).label());
        assertFalse(ImageKind.of(bytes).readable());
        assertEquals("a.png: an image of the kind " + label + ", which cannot be read here "
                + "(expected PNG, JPEG, WebP, GIF, BMP, TIFF or PNM): convert it to PNG",
                assertThrows(InputException.class, () -> ImageDecoder.read(bytes, "a.png")).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "\ufeff<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg width=\"1\"/>"})
    void aDrawingIsNamed(String text) {
        assertEquals(ImageKind.SVG, ImageKind.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "P", "P5", "BM", "BMW is a car, and a long one at that", "RIFF....WAVEfmt ",
        "PK\u0003\u0004", "<html><svg/></html>", "P2P networks", "GIF", "%PDF-1.7"})
    void otherFilesAreNoPicture(String text) {
        assertEquals(ImageKind.NONE, ImageKind.of(text.getBytes(StandardCharsets.ISO_8859_1)), text);
    }

    /** MNIST's files begin much as an icon does. */
    @Test
    void anIdxFileIsNoPicture() {
        assertEquals(ImageKind.NONE, ImageKind.of(HexFormat.of().parseHex("0000080300002710")));
    }

    @Test
    void aFileThatIsNotThereIsNamed(@TempDir Path folder) {
        Path missing = folder.resolve("missing.png");
        assertTrue(assertThrows(InputException.class, () -> ImageKind.of(missing)).getMessage()
                .toLowerCase(Locale.ROOT).contains("missing.png: cannot be read"));
    }
}
