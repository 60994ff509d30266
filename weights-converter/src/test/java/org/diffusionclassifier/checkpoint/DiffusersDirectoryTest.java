package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a copy of Stable Diffusion 2.1's configuration with a tensor or two for weights. */
class DiffusersDirectoryTest {

    private static final String SD_2_1 = "published/sd-2.1/";

    @TempDir
    Path temp;
    private Path root;

    @BeforeEach
    void copyModel() throws IOException {
        root = temp.resolve("model");
        copy(resource(SD_2_1), root);
        Files.createDirectory(root.resolve("tokenizer"));
    }

    @Test
    void readsEveryConfiguration() {
        Opened model = Opened.of(root);
        assertEquals(root.toString(), model.checkpoint().source());
        assertEquals(List.of(5, 10, 20, 20), model.unet().heads());
        assertEquals(768, model.vae().sampleSize());
        assertEquals(23, model.textEncoder().layers());
        assertEquals(ScheduleConfig.PredictionType.V_PREDICTION, model.schedule().prediction());
        assertEquals(root.resolve("tokenizer").toString(), model.checkpoint().tokenizer("tokenizer").source());
    }

    /** As the Hub's cache lays out a repository, as an archive unpacks, and one component or one file of a model. */
    @Test
    void aDirectoryNextToAModelSaysWhichPathToGive() throws IOException {
        Path repository = Files.createDirectories(temp.resolve("cache/models--org--name/snapshots"));
        Files.createDirectory(repository.resolveSibling("blobs"));
        Path snapshot = Files.move(root, repository.resolve("5cae40e6a2745ae2b01ad92ae5043f95f23644d6"));
        String found = ": expected a diffusers model directory, found no model_index.json";
        for (Path above : List.of(repository, repository.getParent(), temp.resolve("cache"))) {
            assertEquals(above + found + "; give " + snapshot, inputError(() -> Opened.of(above)));
        }
        Path unet = snapshot.resolve("unet");
        assertEquals(unet + found + "; it is one component: give " + snapshot, inputError(() -> Opened.of(unet)));

        Path folder = Files.createDirectory(temp.resolve("downloads"));
        assertEquals(folder + found, inputError(() -> Opened.of(folder)));
        Path file = Files.write(folder.resolve("V1-5.CKPT"), new byte[1]);
        Files.write(folder.resolve("v1-inference.yaml"), new byte[1]);
        assertEquals(folder + found + "; give " + file, inputError(() -> Opened.of(folder)));
        Path second = Files.write(folder.resolve("v2.safetensors"), new byte[1]);
        assertEquals(folder + found + "; give " + file + " or " + second, inputError(() -> Opened.of(folder)));
    }

    @Test
    void opensTheWeightsOfEveryPart() {
        write("unet/diffusion_pytorch_model.safetensors", "conv_in.bias", 1);
        write("vae/diffusion_pytorch_model.fp16.safetensors", "encoder.mid_block.attentions.0.query.bias", 2);
        write("text_encoder/model.safetensors", "final_layer_norm.weight", 3);
        Opened model = Opened.of(root);
        try (Weights unet = model.weights("unet");
                Weights vae = model.weights("vae");
                Weights text = model.weights("text_encoder")) {
            assertArrayEquals(new float[] {1}, unet.floats("conv_in.bias", 1));
            assertArrayEquals(new float[] {2}, vae.floats("encoder.mid_block.attentions.0.to_q.bias", 1));
            assertArrayEquals(new float[] {3}, text.floats("final_layer_norm.weight", 1));
        }
    }

    @Test
    void theTextEncodersNamesLoseTheirOldPrefixAndClosingStillClosesTheFile() {
        write("text_encoder/model.safetensors", "text_model.final_layer_norm.weight", 3);
        Opened model = Opened.of(root);
        Weights text = model.weights("text_encoder");
        assertEquals(Set.of("final_layer_norm.weight"), text.names());
        assertArrayEquals(new float[] {3}, text.floats("final_layer_norm.weight", 1));
        assertTrue(inputError(() -> text.floats("final_layer_norm.bias", 1))
                .contains("no tensor text_model.final_layer_norm.bias"));
        model.close();
        inputError(() -> text.read("final_layer_norm.weight", FloatBuffer.allocate(1)));
    }

    @Test
    void takesPicklesWhereThereIsNoSafetensorsFile() throws IOException {
        PytorchFixture.scalar(root.resolve("unet/diffusion_pytorch_model.fp16.bin"), "conv_in.bias", 1);
        PytorchFixture.scalar(root.resolve("vae/diffusion_pytorch_model.bin"),
                "encoder.mid_block.attentions.0.query.bias", 2);
        PytorchFixture.scalar(root.resolve("text_encoder/part-1.bin"), "text_model.final_layer_norm.weight", 3);
        PytorchFixture.scalar(root.resolve("text_encoder/part-2.bin"), "text_model.final_layer_norm.bias", 4);
        Path index = Files.writeString(root.resolve("text_encoder/pytorch_model.bin.index.json"), """
                {"weight_map": {"text_model.final_layer_norm.weight": "part-1.bin",
                                "text_model.final_layer_norm.bias": "part-2.bin"}}""");
        Opened model = Opened.of(root);
        try (Weights unet = model.weights("unet");
                Weights vae = model.weights("vae");
                Weights text = model.weights("text_encoder")) {
            assertArrayEquals(new float[] {1}, unet.floats("conv_in.bias", 1));
            assertArrayEquals(new float[] {2}, vae.floats("encoder.mid_block.attentions.0.to_q.bias", 1));
            assertArrayEquals(new float[] {3}, text.floats("final_layer_norm.weight", 1));
            assertArrayEquals(new float[] {4}, text.floats("final_layer_norm.bias", 1));
        }
        Files.writeString(index, "{\"weight_map\": {\"a\": \"part-1.safetensors\"}}");
        Opened again = Opened.of(root);
        assertEquals(index + ": tensor a: expected a .bin file beside the index, found \"part-1.safetensors\"",
                inputError(() -> again.weights("text_encoder")));

        write("unet/diffusion_pytorch_model.safetensors", "conv_in.bias", 5);
        try (Weights unet = Opened.of(root).weights("unet")) {
            assertArrayEquals(new float[] {5}, unet.floats("conv_in.bias", 1));
        }
    }

    @Test
    void aPartWithoutWeightsIsNamed() {
        Opened model = Opened.of(root);
        assertEquals(root.resolve("text_encoder") + ": no model.safetensors or pytorch_model.bin, nor a variant or an "
                + "index of shards", inputError(() -> model.weights("text_encoder")));
    }

    @Test
    void opensInsideAZip() throws IOException {
        write("unet/diffusion_pytorch_model.safetensors", "conv_in.bias", 1);
        PytorchFixture.scalar(root.resolve("text_encoder/pytorch_model.bin"), "final_layer_norm.weight", 3);
        Path zip = temp.resolve("model.jar");
        try (var inside = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            copy(root, inside.getPath("/bundled"));
        }
        try (var inside = FileSystems.newFileSystem(zip)) {
            Opened model = Opened.of(inside.getPath("/bundled"));
            assertEquals(1024, model.unet().crossAttentionDim());
            try (Weights unet = model.weights("unet")) {
                assertArrayEquals(new float[] {1}, unet.floats("conv_in.bias", 1));
            }
            try (Weights text = model.weights("text_encoder")) {
                assertArrayEquals(new float[] {3}, text.floats("final_layer_norm.weight", 1));
            }
            assertTrue(inputError(() -> model.weights("vae"))
                    .startsWith("/bundled/vae: no diffusion_pytorch_model.safetensors"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"unet", "vae", "text_encoder", "tokenizer", "scheduler"})
    void aMissingPartIsNamed(String part) throws IOException {
        Files.move(root.resolve(part), temp.resolve("elsewhere"));
        assertEquals(root + ": expected a model's " + part + ", found no folder " + part, inputError(() -> {
            try (var model = Opened.of(root)) {
                model.layout().tokenizers().forEach(model.checkpoint()::tokenizer);
                model.checkpoint().component(part);     // none of which is any other kind of model
            }
        }));
    }

    @Test
    void whatIsNoModelDirectoryIsNamed() throws IOException {
        Path file = root.resolve("model_index.json");
        assertEquals(file + ": expected a diffusers model directory, found a file",
                inputError(() -> DiffusersDirectory.open(ModelSpec.of(file))));
        Path missing = temp.resolve("missing");
        assertEquals(missing + ": expected a diffusers model directory, found nothing",
                inputError(() -> Opened.of(missing)));
        Files.writeString(file, "{");
        assertTrue(inputError(() -> Opened.of(root)).startsWith(file + ": not valid JSON"));
        Files.delete(file);
        assertEquals(root + ": expected a diffusers model directory, found no model_index.json",
                inputError(() -> Opened.of(root)));
    }

    private void write(String file, String tensor, float value) {
        new SafetensorsWriter().floats(tensor, DType.F32, List.of(1), new float[] {value}).write(root.resolve(file));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
