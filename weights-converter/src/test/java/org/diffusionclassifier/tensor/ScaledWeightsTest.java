package org.diffusionclassifier.tensor;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights of 8 bits times their scales, against the product element by element in double precision. */
class ScaledWeightsTest {

    private static final int ROWS = 130;
    private static final int COLUMNS = 300;

    @TempDir
    Path temp;

    /** Sizes that are no multiple of a block, so that its last row and column are cut. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"scale_weight||1|1", "weight_scale|1|1|1", "weight_scale|130|130|1",
        "weight_scale|130,1|130|1", "weight_scale_inv|2,3|2|3"})
    void eachElementIsMultipliedByItsScale(String scale, String shape, int scaleRows, int scaleColumns) {
        byte[] codes = codes();
        float[] scales = scales(scaleRows * scaleColumns);
        try (var file = SafetensorsFile.open(write(codes, scale, shape(shape), scales))) {
            Weights scaled = ScaledWeights.of(file);
            assertEquals(Set.of("layer.weight"), scaled.names());
            assertEquals(DType.F32, scaled.dtype("layer.weight"));
            float[] found = scaled.floats("layer.weight", ROWS, COLUMNS);
            for (int i = 0; i < ROWS * COLUMNS; i++) {
                int row = scaleRows == 1 ? 0 : scaleRows == ROWS ? i / COLUMNS : i / COLUMNS / 128;
                int column = scaleColumns == 1 ? 0 : i % COLUMNS / 128;
                assertEquals((float) (value(codes[i]) * scales[row * scaleColumns + column]), found[i], "element " + i);
            }
            var piece = FloatBuffer.allocate(77);
            scaled.read("layer.weight", 12345, piece);
            for (int i = 0; i < 77; i++) {
                assertEquals(found[12345 + i], piece.get(i));
            }
        }
    }

    @Test
    void withoutScalesNothingChanges() {
        Path path = write(codes(), "input_scale", List.of(), new float[] {7});
        try (var file = SafetensorsFile.open(path)) {
            assertSame(file, ScaledWeights.of(file));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"129|129", "300|300", "3,2|6", "1,130|130", "0|0"})
    void aScaleOfAnotherShapeIsRefused(String shape, int elements) {
        Path path = write(codes(), "weight_scale", shape(shape), new float[elements]);
        try (var file = SafetensorsFile.open(path)) {
            String message = inputError(() -> ScaledWeights.of(file));
            assertTrue(message.startsWith(path
                    + ": tensor layer.weight_scale: expected one number, one for each row of "
                    + "layer.weight [130, 300] or one for each block of 128 by 128, found shape ["), message);
        }
    }

    private Path write(byte[] codes, String scale, List<Integer> shape, float[] scales) {
        Path path = temp.resolve("scaled.safetensors");
        new SafetensorsWriter()
                .tensor("layer.weight", DType.F8_E4M3, List.of(ROWS, COLUMNS), sink -> sink.put(ByteBuffer.wrap(codes)))
                .floats("layer." + scale, DType.F32, shape, scales).write(path);
        return path;
    }

    /** E4M3 by its definition, for codes that are numbers. */
    private static double value(byte code) {
        int exponent = code >> 3 & 15;
        double magnitude = exponent == 0 ? (code & 7) * 0x1p-9 : Math.scalb(8 + (code & 7), exponent - 10);
        return code < 0 ? -magnitude : magnitude;
    }

    private static byte[] codes() {
        var codes = new byte[ROWS * COLUMNS];
        new SplittableRandom(8).nextBytes(codes);
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (codes[i] & 0x7f) == 0x7f ? 0 : codes[i];        // without NaN
        }
        return codes;
    }

    private static float[] scales(int count) {
        var scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = 0.01f * (i + 1);
        }
        return scales;
    }

    private static List<Integer> shape(String text) {
        return text == null ? List.of() : Arrays.stream(text.split(",")).map(Integer::valueOf).toList();
    }
}
