package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsWeightsTest {

    private static final String GOLDEN = "golden/clip-text-sd1-tiny";

    @TempDir
    Path temp;

    @Test
    void readsAGoldenModelByNameAndShape() {
        try (Weights weights = SafetensorsWeights.open(resource(GOLDEN), "model")) {
            assertEquals(resource(GOLDEN) + "/model.safetensors", weights.source());
            assertEquals(36, weights.names().size());
            assertTrue(weights.has("final_layer_norm.bias"));
            assertFalse(weights.has("final_layer_norm"));
            assertEquals(List.of(300, 32), weights.shape("embeddings.token_embedding.weight"));
            assertEquals(-0.55908203125f, weights.floats("embeddings.token_embedding.weight", 300, 32)[0]);
        }
    }

    @Test
    void aViewNamesTensorsRelativeToItsPrefix() {
        try (Weights weights = SafetensorsWeights.open(resource(GOLDEN), "model")) {
            Weights layer = weights.at("encoder").at("layers.1");
            assertEquals(16, layer.names().size());
            assertTrue(layer.names().contains("mlp.fc2.weight"));
            assertTrue(layer.has("mlp.fc2.weight"));
            assertFalse(layer.has("encoder.layers.1.mlp.fc2.weight"));
            assertEquals(List.of(32, 128), layer.shape("mlp.fc2.weight"));
            assertEquals(-0.1334228515625f, layer.floats("mlp.fc2.weight", 32, 128)[0]);
            var buffer = FloatBuffer.allocate(32 * 128);
            layer.read("mlp.fc2.weight", buffer);
            assertEquals(-0.12115478515625f, buffer.get(32 * 128 - 1));
            assertEquals(Set.of(), weights.at("encod").names());

            layer.close();
            assertEquals(-0.057464599609375f, weights.floats("final_layer_norm.bias", 32)[0]);
        }
    }

    @Test
    void messagesGiveTheFileAndTheFullName() {
        try (Weights weights = SafetensorsWeights.open(resource(GOLDEN), "model")) {
            Weights layer = weights.at("encoder.layers").at("0");
            String file = weights.source();
            assertEquals(file + ": no tensor encoder.layers.0.mlp.fc3.bias (expected shape [128])",
                    inputError(() -> layer.floats("mlp.fc3.bias", 128)));
            assertEquals(file + ": tensor encoder.layers.0.mlp.fc1.weight: expected shape [32, 128], found [128, 32]",
                    inputError(() -> layer.floats("mlp.fc1.weight", 32, 128)));
            assertEquals(file + ": tensor encoder.layers.0.mlp.fc1.bias: expected shape [128, 1], found [128]",
                    inputError(() -> layer.require("mlp.fc1.bias", 128, 1)));
            assertEquals(file + ": no tensor encoder.layers.0.x", inputError(() -> layer.shape("x")));
            assertEquals(file + ": no tensor encoder.layers.0.x",
                    inputError(() -> layer.read("x", FloatBuffer.allocate(1))));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors.index.json", "model.safetensors.index.fp16.json",
        "model.fp16.safetensors.index.json"})
    void readsShardsThroughTheirIndex(String indexName) throws IOException {
        write("model-00001-of-00002.safetensors", "a", 1);
        write("model-00002-of-00002.safetensors", "b.weight", 2);
        Path index = Files.writeString(temp.resolve(indexName), """
                {"metadata": {"total_size": 8}, "weight_map": {
                 "b.weight": "model-00002-of-00002.safetensors", "a": "model-00001-of-00002.safetensors"}}""");
        try (Weights weights = SafetensorsWeights.open(temp, "model")) {
            assertEquals(index.toString(), weights.source());
            assertEquals(Set.of("a", "b.weight"), weights.names());
            assertArrayEquals(new float[] {1}, weights.floats("a", 1));
            assertArrayEquals(new float[] {2}, weights.at("b").floats("weight", 1));
            assertEquals(index + ": no tensor c (expected shape [1])", inputError(() -> weights.floats("c", 1)));
        }
    }

    @Test
    void takesFullPrecisionBeforeTheFp16VariantAndOneFileBeforeShards() throws IOException {
        write("model.fp16.safetensors", "a", 16);
        assertFirst(16);
        Files.writeString(temp.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"s.safetensors\"}}");
        write("s.safetensors", "a", 2);
        assertFirst(2);
        write("model.safetensors", "a", 1);
        assertFirst(1);
    }

    private void assertFirst(float expected) {
        try (Weights weights = SafetensorsWeights.open(temp, "model")) {
            assertArrayEquals(new float[] {expected}, weights.floats("a", 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../s.safetensors", "/s.safetensors", "x/s.safetensors", "x\\\\s.safetensors",
        "..safetensors", "s.bin", ""})
    void aShardThatIsNoSafetensorsFileBesideTheIndexIsRefused(String shard) throws IOException {
        Path index = Files.writeString(temp.resolve("model.safetensors.index.json"),
                "{\"weight_map\":{\"a\":\"" + shard + "\"}}");
        assertEquals(index + ": tensor a: expected a .safetensors file beside the index, found \"" + shard + "\"",
                inputError(() -> SafetensorsWeights.open(temp, "model")));
    }

    @Test
    void anIndexThatDoesNotHoldTrueIsRefused() throws IOException {
        Path index = temp.resolve("model.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\":{\"a\":\"s.safetensors\"}}");
        assertEquals(temp.resolve("s.safetensors") + ": cannot be read (no such file)",
                inputError(() -> SafetensorsWeights.open(temp, "model")));
        write("s.safetensors", "b", 1);
        assertEquals(index + ": expected tensor a in s.safetensors, found none of that name",
                inputError(() -> SafetensorsWeights.open(temp, "model")));
        Files.writeString(index, "{\"weight_map\":{\"b\":1}}");
        assertEquals(index + ": tensor b: expected a .safetensors file beside the index, found 1",
                inputError(() -> SafetensorsWeights.open(temp, "model")));
        Files.writeString(index, "{\"weight_map\":[]}");
        assertTrue(inputError(() -> SafetensorsWeights.open(temp, "model")).startsWith(index + ": weight_map = []"));
        Files.writeString(index, "{}");
        assertTrue(inputError(() -> SafetensorsWeights.open(temp, "model")).startsWith(index + ": weight_map is miss"));
        Files.writeString(index, "{\"weight_map\":{\"b\":\"s.safetensors\",\"b\":\"s.safetensors\"}}");
        assertTrue(inputError(() -> SafetensorsWeights.open(temp, "model")).contains("Duplicate field 'b'"));
    }

    @Test
    void aFolderWithoutWeightsIsNamed() {
        assertEquals(temp + ": no model.safetensors or model.bin, nor a variant or an index of shards",
                inputError(() -> SafetensorsWeights.open(temp, "model")));
        assertEquals(temp.resolve("unet") + ": no model.safetensors or model.bin, nor a variant or an index of shards",
                inputError(() -> SafetensorsWeights.open(temp.resolve("unet"), "model")));
    }

    private void write(String file, String tensor, float value) {
        new SafetensorsWriter().floats(tensor, DType.F16, List.of(1), new float[] {value}).write(temp.resolve(file));
    }
}
