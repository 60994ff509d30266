package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.config.ScheduleConfig.BetaSchedule;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.GoldenDit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** On the golden DiT and VAE laid out as diffusers' DiTPipeline. */
class DitDirectoryTest {

    @TempDir
    Path root;

    @BeforeEach
    void copyModel() throws IOException {
        GoldenDit.layOut(root);
        Files.writeString(root.resolve("scheduler/scheduler_config.json"), "{\"beta_schedule\": \"linear\"}");
        index("{\"_class_name\": \"DiTPipeline\"}");
    }

    private void index(String json) throws IOException {
        Files.writeString(root.resolve("model_index.json"), json);
    }

    @Test
    void readsEveryPart() {
        assertTrue(DitDirectory.isOne(root));
        DitDirectory model = DitDirectory.open(root);
        assertEquals(10, model.transformer().labels());
        assertEquals(4, model.vae().latentChannels());
        assertEquals(BetaSchedule.LINEAR, model.schedule().schedule());
        assertEquals(0.02, model.schedule().betaEnd());
        assertEquals(List.of(), model.labelNames());
        try (Weights transformer = model.transformerWeights(); Weights vae = model.vaeWeights()) {
            transformer.require("proj_out_2.weight", 32, 64);
            vae.require("encoder.conv_in.bias", 16);
        }
    }

    @Test
    void takesPicklesWhereThereIsNoSafetensorsFile() throws IOException {
        Files.delete(root.resolve("transformer/diffusion_pytorch_model.safetensors"));
        PytorchFixture.scalar(root.resolve("transformer/diffusion_pytorch_model.bin"), "proj_out_1.bias", 3);
        try (Weights weights = DitDirectory.open(root).transformerWeights()) {
            assertArrayEquals(new float[] {3}, weights.floats("proj_out_1.bias", 1));
        }
    }

    @Test
    void readsTheLabelsNames() throws IOException {
        index("{\"id2label\": {\"9\": \"j\", \"0\": \"tench, Tinca tinca\", \"1\": \"b\", \"2\": \"c\", \"3\": \"d\", "
                + "\"4\": \"e\", \"5\": \"f\", \"6\": \"g\", \"7\": \"h\", \"8\": \"i\"}}");
        assertEquals(List.of("tench, Tinca tinca", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
                DitDirectory.open(root).labelNames());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"0\": \"a\"}", "[\"a\"]", "{\"0\": 1}", "\"a\"", "{}"})
    void refusesNamesForSomeLabelsOnly(String id2label) throws IOException {
        index("{\"id2label\": " + id2label + "}");
        String message = inputError(() -> DitDirectory.open(root));
        assertTrue(message.contains("model_index.json: id2label = ") && message.contains("each label from 0 to 9"),
                message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"transformer", "vae", "scheduler"})
    void aMissingPartIsNamed(String part) throws IOException {
        Files.move(root.resolve(part), root.resolve("elsewhere"));
        assertEquals(root + ": expected a DiT, found no folder " + part, inputError(() -> DitDirectory.open(root)));
        assertEquals(!part.equals("transformer"), DitDirectory.isOne(root));
    }

    @Test
    void aMissingIndexIsNamed() throws IOException {
        Files.delete(root.resolve("model_index.json"));
        assertEquals(root + ": expected a diffusers model directory, found no model_index.json",
                inputError(() -> DitDirectory.open(root)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "model_index.json | {\"_class_name\": \"PixArtAlphaPipeline\"} | _class_name",
        "scheduler/scheduler_config.json | {\"prediction_type\": \"v_prediction\"} | expected epsilon",
        "scheduler/scheduler_config.json | {\"beta_schedule\": \"squaredcos_cap_v2\"} | beta_schedule"})
    void refusesAnotherKindOfModel(String file, String json, String part) throws IOException {
        Files.writeString(root.resolve(file), json);
        String message = inputError(() -> DitDirectory.open(root));
        assertTrue(message.startsWith(root.resolve(file) + ": ") && message.contains(part), message);
    }

    @Test
    void refusesAnAutoencoderOfOtherLatents() throws IOException {
        Path config = root.resolve("vae/config.json");
        Files.writeString(config, Files.readString(config).replace("\"latent_channels\": 4", "\"latent_channels\": 16"));
        String message = inputError(() -> DitDirectory.open(root));
        assertTrue(message.startsWith(config + ": expected latent_channels = 4") && message.endsWith("found 16"),
                message);
    }

    @Test
    void missingWeightsAreNamed() throws IOException {
        Files.delete(root.resolve("transformer/diffusion_pytorch_model.safetensors"));
        DitDirectory model = DitDirectory.open(root);
        String message = inputError(model::transformerWeights);
        assertTrue(message.startsWith(root.resolve("transformer") + ": no diffusion_pytorch_model.safetensors"), message);
        assertFalse(message.contains("vae"));
    }
}
