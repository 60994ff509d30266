package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.Opened;
import org.diffusionclassifier.testing.SmallDit;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On {@link SmallDit}'s shapes in the original naming. */
class DitNamingTest {

    private static final Path VAE = SmallDit.VAE;
    private static final int WIDTH = SmallDit.WIDTH;

    @TempDir
    Path temp;

    /** A file whose tensors hold, from a number of their own on, their elements' numbers. */
    private Path write(Map<String, List<Integer>> shapes, String prefix) {
        var writer = new SafetensorsWriter();
        int first = 0;
        for (var tensor : shapes.entrySet()) {
            float[] values = new float[tensor.getValue().stream().reduce(1, Math::multiplyExact)];
            for (int i = 0; i < values.length; i++) {
                values[i] = first + i;
            }
            writer.floats(prefix + tensor.getKey(), DType.F32, tensor.getValue(), values);
            first += 7;
        }
        Path file = temp.resolve("DiT.safetensors");
        writer.write(file);
        return file;
    }

    @Test
    void infersTheConfiguration() {
        var model = Opened.of(write(SmallDit.shapes(), ""), VAE);
        assertEquals(new DitConfig(4, 4, 8, 2, 2, 6, 64, 5, 1e-6f, 0), model.transformer());
        assertEquals(1000, model.schedule().timesteps());
        assertEquals(1e-4, model.schedule().betaStart());
        assertEquals(List.of(), model.labels());
        assertEquals(2, model.vae().downscale());
    }

    @Test
    void hasEveryTensorUnderDiffusersName() {
        Path path = write(SmallDit.shapes(), "");
        var model = Opened.of(path, VAE);
        try (Weights file = SafetensorsFile.open(path); Weights w = model.weights("transformer")) {
            String[][] same = {{"pos_embed.proj.weight", "x_embedder.proj.weight"},
                {"transformer_blocks.1.norm1.emb.timestep_embedder.linear_1.bias", "t_embedder.mlp.0.bias"},
                {"transformer_blocks.0.norm1.emb.timestep_embedder.linear_2.weight", "t_embedder.mlp.2.weight"},
                {"transformer_blocks.1.norm1.emb.class_embedder.embedding_table.weight",
                    "y_embedder.embedding_table.weight"},
                {"transformer_blocks.1.norm1.linear.weight", "blocks.1.adaLN_modulation.1.weight"},
                {"transformer_blocks.0.attn1.to_out.0.weight", "blocks.0.attn.proj.weight"},
                {"transformer_blocks.1.ff.net.0.proj.bias", "blocks.1.mlp.fc1.bias"},
                {"transformer_blocks.0.ff.net.2.weight", "blocks.0.mlp.fc2.weight"},
                {"proj_out_1.weight", "final_layer.adaLN_modulation.1.weight"},
                {"proj_out_2.bias", "final_layer.linear.bias"}};
            for (String[] names : same) {
                assertArrayEquals(values(file, names[1]), values(w, names[0]), names[0]);
            }
            float[] packed = values(file, "blocks.1.attn.qkv.weight");
            List<String> parts = List.of("to_q", "to_k", "to_v");
            for (int part = 0; part < 3; part++) {
                assertArrayEquals(Arrays.copyOfRange(packed, part * WIDTH * WIDTH, (part + 1) * WIDTH * WIDTH),
                        values(w, "transformer_blocks.1.attn1." + parts.get(part) + ".weight"));
            }
            assertEquals(goldenNames(), w.names());
        }
    }

    /** Those of the golden DiT, which diffusers wrote, without its third block. */
    private static Set<String> goldenNames() {
        try (Weights golden = Fixtures.golden("dit-tiny")) {
            return golden.names().stream().filter(name -> !name.startsWith("transformer_blocks.2"))
                    .collect(Collectors.toSet());
        }
    }

    private static float[] values(Weights weights, String name) {
        return weights.floats(name, weights.shape(name).stream().mapToInt(Integer::intValue).toArray());
    }

    @Test
    void takesTheAveragedWeightsOfATrainingCheckpoint() {
        var model = Opened.of(write(SmallDit.shapes(), "ema."), VAE);
        assertEquals(5, model.transformer().labels());
        try (Weights w = model.weights("transformer")) {
            w.require("proj_out_2.weight", 32, WIDTH);
        }
    }

    @Test
    void readsPytorchsFiles() throws IOException {
        var fixture = new PytorchFixture();
        byte[] bytes;
        try (Weights tensors = SafetensorsFile.open(write(SmallDit.shapes(), ""))) {
            bytes = fixture.zip(fixture.stateDict(tensors));
        }
        Path file = Files.write(temp.resolve("DiT-S-2.pt"), bytes);
        assertEquals(2, Opened.of(file, VAE).transformer().layers());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "x_embedder.proj.weight | 320,4,2,2 | a width of 384, 768, 1024 or 1152",
        "x_embedder.proj.weight | 384,16    | 4 dimensions",
        "pos_embed              | 1,5,384   | a row for each patch of a square",
        "pos_embed              | 1,4,380   | a row for each patch of a square",
        "final_layer.linear.weight | 33,384 | 16 rows, or twice as many",
        "y_embedder.embedding_table.weight | 1,384 | a row for each label and one for none"})
    void refusesOtherShapes(String tensor, String shape, String expected) {
        var shapes = SmallDit.shapes();
        shapes.put(tensor, Arrays.stream(shape.split(",")).map(Integer::valueOf).toList());
        Path file = write(shapes, "");
        String message = inputError(() -> Opened.of(file, VAE));
        assertTrue(message.startsWith(file + ": tensor " + tensor + ": expected ") && message.contains(expected),
                message);
    }

    @Test
    void missingTensorsAreNamed() {
        for (String tensor : List.of("pos_embed", "final_layer.linear.weight", "blocks.0.attn.qkv.weight")) {
            var shapes = SmallDit.shapes();
            shapes.remove(tensor);
            Path file = write(shapes, "");
            String message = inputError(() -> Opened.of(file, VAE));
            assertTrue(message.startsWith(file + ": ") && message.endsWith("no tensor " + tensor), message);
        }
    }

    @Test
    void refusesAnotherAutoencoder() throws IOException {
        Path file = write(SmallDit.shapes(), "");
        assertTrue(inputError(() -> Opened.of(file, temp.resolve("none"))).endsWith("found nothing"));
        assertEquals("vae: expected the folder of an autoencoder, as " + file + " has none in it",
                inputError(() -> Opened.of(file).vae()));
        assertTrue(inputError(() -> Opened.of(new ModelSpec(file, temp, VAE, null, null, null, false, List.of(), List.of(), null)))
                .contains("not with a DiT"));
    }

    @Test
    void aTransformerWithoutItsTablesIsNoDit() {
        for (String tensor : List.of("x_embedder.proj.weight", "y_embedder.embedding_table.weight")) {
            var shapes = SmallDit.shapes();
            shapes.remove(tensor);
            String message = inputError(() -> Opened.of(write(shapes, "")));
            assertTrue(message.contains("found a diffusion transformer that is no DiT"), message);
        }
    }
}
