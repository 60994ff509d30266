package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LegacyVaeWeightsTest {

    private static final String ATTENTION = "encoder.mid_block.attentions.0";

    @TempDir
    Path temp;

    @Test
    void oldNamesAndConvolutionsAppearUnderTodaysNamesAndShapes() {
        var writer = new SafetensorsWriter();
        int value = 0;
        for (String old : List.of("query", "key", "value", "proj_attn")) {
            writer.floats(ATTENTION + "." + old + ".bias", DType.F32, List.of(1), new float[] {++value});
            writer.floats(ATTENTION + "." + old + ".weight", DType.F32, value % 2 == 0 ? List.of(1, 1)
                    : List.of(1, 1, 1, 1), new float[] {10 * value});
        }
        writer.floats("quant_conv.weight", DType.F32, List.of(1, 1, 1, 1), new float[] {7});
        try (Weights weights = open(writer)) {
            Weights attention = weights.at(ATTENTION);
            assertEquals(Set.of("to_q.weight", "to_q.bias", "to_k.weight", "to_k.bias", "to_v.weight", "to_v.bias",
                    "to_out.0.weight", "to_out.0.bias"), attention.names());
            assertFalse(attention.has("query.weight"));
            int expected = 0;
            for (String name : List.of("to_q", "to_k", "to_v", "to_out.0")) {
                assertArrayEquals(new float[] {++expected}, attention.floats(name + ".bias", 1));
                assertArrayEquals(new float[] {10 * expected}, attention.floats(name + ".weight", 1, 1));
            }
            assertArrayEquals(new float[] {7}, weights.floats("quant_conv.weight", 1, 1, 1, 1));
        }
    }

    @Test
    void namesOfTodayWinAndKeepTheirValues() {
        try (Weights weights = open(new SafetensorsWriter()
                .floats(ATTENTION + ".query.bias", DType.F32, List.of(1), new float[] {1})
                .floats(ATTENTION + ".to_q.bias", DType.F32, List.of(1), new float[] {2})
                .floats(ATTENTION + ".to_q.weight", DType.F32, List.of(1, 1, 1, 1), new float[] {3}))) {
            assertEquals(Set.of(ATTENTION + ".to_q.bias", ATTENTION + ".to_q.weight"), weights.names());
            assertArrayEquals(new float[] {2}, weights.floats(ATTENTION + ".to_q.bias", 1));
            assertArrayEquals(new float[] {3}, weights.floats(ATTENTION + ".to_q.weight", 1, 1));
        }
    }

    @Test
    void aWeightOfAnotherSizeIsStillRefused() {
        try (Weights weights = open(new SafetensorsWriter()
                .floats(ATTENTION + ".key.weight", DType.F32, List.of(2, 2, 1, 1), new float[4])
                .floats(ATTENTION + ".value.weight", DType.F32, List.of(1, 1, 2, 2), new float[4]))) {
            assertTrue(inputError(() -> weights.floats(ATTENTION + ".to_k.weight", 4, 4))
                    .endsWith("expected shape [4, 4], found [2, 2]"));
            assertTrue(inputError(() -> weights.floats(ATTENTION + ".to_v.weight", 2, 2))
                    .endsWith("expected shape [2, 2], found [1, 1, 2, 2]"));
            assertTrue(inputError(() -> weights.floats(ATTENTION + ".to_q.weight", 2, 2))
                    .endsWith(": no tensor " + ATTENTION + ".to_q.weight (expected shape [2, 2])"));
        }
    }

    private Weights open(SafetensorsWriter writer) {
        writer.write(temp.resolve("model.safetensors"));
        return new LegacyVaeWeights(SafetensorsWeights.open(temp, "model"));
    }
}
