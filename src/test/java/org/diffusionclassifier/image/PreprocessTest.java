package org.diffusionclassifier.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.diffusionclassifier.image.Preprocess.Method;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against torchvision's own output for the images under {@code golden/preprocess}, and against what must be so. */
class PreprocessTest {

    @ParameterizedTest
    @ValueSource(strings = {"grey-28x28.png", "palette-64x48.png", "rgb-300x200.png", "rgb-33x32.png",
        "rgb-40x160.png", "rgb-97x61.png"})
    void equalsTorchvision(String file) throws IOException {
        var image = ImageDecoder.read(resource(file), file);
        for (int size : new int[] {32, 64}) {
            var squared = new Preprocess(size).apply(image);
            assertEquals(size, squared.width());
            assertEquals(size, squared.height());
            assertArrayEquals(expected("expected", file + "@" + size), squared.pixels(), file + " at " + size);
        }
    }

    /** Pillow's, by {@code make_adm.py}: enlarged, halved once and more often, of odd sides, and to an odd side. */
    @ParameterizedTest
    @ValueSource(strings = {"grey-28x28.png", "palette-64x48.png", "rgb-300x200.png", "rgb-33x32.png",
        "rgb-40x160.png", "rgb-97x61.png"})
    void equalsAdmsCentreCrop(String file) throws IOException {
        var image = ImageDecoder.read(resource(file), file);
        for (int size : new int[] {16, 25, 32, 64}) {
            assertArrayEquals(expected("adm", file + "@" + size), Preprocess.adm(size).apply(image).pixels(),
                    file + " at " + size);
        }
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void anImageOfTheRightSizeStaysAsItIs(Method method) {
        var image = noise(64, 64);
        assertArrayEquals(image.pixels(), new Preprocess(64, method).apply(image).pixels());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 500", "500, 1", "7, 5", "1000, 3", "1, 1000000"})
    void aFlatImageStaysFlatAtAnyShape(int width, int height) {
        var pixels = new byte[3 * width * height];
        Arrays.fill(pixels, (byte) 201);
        var flat = new byte[3 * 48 * 48];
        Arrays.fill(flat, (byte) 201);
        for (Method method : Method.values()) {
            assertArrayEquals(flat, new Preprocess(48, method).apply(new RgbImage(width, height, pixels)).pixels());
        }
    }

    /** Same height as the target, so that only the crop is at work: (width − 4) / 2 rounded, halves to even. */
    @ParameterizedTest
    @CsvSource({"5, 0", "6, 1", "7, 2", "8, 2", "9, 2", "11, 4"})
    void theCropStartsWhereTorchvisionStartsIt(int width, int offset) {
        var image = noise(width, 4);
        var cropped = new Preprocess(4).apply(image);
        for (int y = 0; y < 4; y++) {
            int from = 3 * (y * width + offset);
            assertArrayEquals(Arrays.copyOfRange(image.pixels(), from, from + 12),
                    Arrays.copyOfRange(cropped.pixels(), 12 * y, 12 * y + 12));
        }
    }

    @Test
    void normalisesToMinusOneToOne() {
        var image = new RgbImage(1, 2, new byte[] {0, (byte) 255, 51, (byte) 204, 127, (byte) 128});
        assertArrayEquals(new float[] {-1, 1, -0.6f, 0.6f, -1 / 255f, 1 / 255f}, Preprocess.normalise(image), 1e-7f);
    }

    @Test
    void refusesAnEmptySquareAndAMismatchedImage() {
        assertThrows(IllegalArgumentException.class, () -> new Preprocess(0));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(0, 2, new byte[0]));
    }

    private static RgbImage noise(int width, int height) {
        var pixels = new byte[3 * width * height];
        new Random(7).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    /** One U8 tensor of a reference file. */
    private static byte[] expected(String reference, String name) throws IOException {
        var bytes = resource(reference + ".safetensors");
        int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        JsonNode range = new ObjectMapper().readTree(bytes, 8, header).required(name).required("data_offsets");
        return Arrays.copyOfRange(bytes, 8 + header + range.get(0).asInt(), 8 + header + range.get(1).asInt());
    }

    private static byte[] resource(String file) throws IOException {
        try (var stream = PreprocessTest.class.getResourceAsStream("/golden/preprocess/" + file)) {
            return stream.readAllBytes();
        }
    }
}
