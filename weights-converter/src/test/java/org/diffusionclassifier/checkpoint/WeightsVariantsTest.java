package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Variants of weights, each with a tensor {@code a} of its own value, under the names that diffusers and transformers
 * give ({@code _add_variant} in both; the expressions of diffusers' {@code variant_compatible_siblings} list the former
 * ones).
 */
class WeightsVariantsTest {

    private static final String STEM = "diffusion_pytorch_model";

    @TempDir
    private Path root;
    private Path unet;

    @BeforeEach
    void layOut() throws IOException {
        unet = root.resolve("unet");
        Files.writeString(root.resolve("model_index.json"), "{}");
        for (String component : List.of("unet", "vae", "text_encoder")) {
            Files.createDirectory(root.resolve(component));
            Files.writeString(root.resolve(component).resolve("config.json"), "{}");
        }
    }

    @ParameterizedTest
    @CsvSource({"bf16, 2", "non_ema, 3", ", 1"})
    void theOneThatIsAskedForIsTaken(String variant, float expected) throws IOException {
        write(unet, STEM + ".safetensors", 1);
        write(unet, STEM + ".bf16.safetensors", 2);
        PytorchFixture.scalar(unet.resolve(STEM + ".non_ema.bin"), "a", 3);
        assertEquals(expected, value("unet", variant));
        assertEquals(Set.of("bf16", "non_ema"), new WeightsVariants(unet, STEM, STEM).names());
        assertEquals(List.of(), notices(variant));
    }

    @ParameterizedTest
    @ValueSource(strings = {".safetensors.index.fp16.json", ".safetensors.fp16.index.json",
        ".fp16.safetensors.index.json"})
    void theShardsOfOneAreFoundByItsIndex(String index) throws IOException {
        write(unet, STEM + ".fp16-00001-of-00001.safetensors", 16);
        write(unet, STEM + "-00001-of-00001.safetensors", 32);
        Files.writeString(unet.resolve(STEM + index),
                "{\"weight_map\": {\"a\": \"" + STEM + ".fp16-00001-of-00001.safetensors\"}}");
        Files.writeString(unet.resolve(STEM + ".safetensors.index.json"),
                "{\"weight_map\": {\"a\": \"" + STEM + "-00001-of-00001.safetensors\"}}");
        assertEquals(16, value("unet", "fp16"));
        assertEquals(32, value("unet", null));
        assertEquals(Set.of("fp16"), new WeightsVariants(unet, STEM, STEM).names());
    }

    @Test
    void ofAComponentWithoutItThePlainOnesAreTaken() throws IOException {
        write(unet, STEM + ".safetensors", 1);
        write(unet, STEM + ".fp16.safetensors", 16);
        write(root.resolve("vae"), STEM + ".safetensors", 2);
        PytorchFixture.scalar(root.resolve("text_encoder/pytorch_model.fp16.bin"), "a", 3);
        assertEquals(16, value("unet", "fp16"));
        assertEquals(2, value("vae", "fp16"));
        assertEquals(3, value("text_encoder", "fp16"));
        assertEquals(List.of(root.resolve("vae")
                + ": the plain weights are taken, as there are none of the variant fp16"), notices("fp16"));
    }

    @Test
    void theOnlyOneIsTakenUnasked() throws IOException {
        write(unet, STEM + ".bf16.safetensors", 16);
        assertEquals(16, value("unet", null));
        assertEquals(List.of(unet + ": the weights are of the variant bf16, as there are no others"), notices(null));
        PytorchFixture.scalar(unet.resolve(STEM + ".bin"), "a", 1);
        assertEquals(1, value("unet", null));
        assertEquals(List.of(), notices(null));
    }

    @Test
    void oneOfSeveralHasToBeAskedFor() {
        write(unet, STEM + ".bf16.safetensors", 1);
        write(unet, STEM + ".fp16.safetensors", 2);
        String expected = "variant: expected one of bf16, fp16 for " + unet + ", which has no " + STEM
                + ".safetensors or " + STEM + ".bin, found ";
        assertEquals(expected + "none", inputError(() -> value("unet", null)));
        assertEquals(2, value("unet", "fp16"));
        write(root.resolve("vae"), STEM + ".non_ema.safetensors", 3);
        assertEquals(expected + "non_ema", inputError(() -> value("unet", "non_ema")));
    }

    @Test
    void oneThatNobodyHasIsRefused() {
        write(root.resolve("vae"), STEM + ".safetensors", 2);
        assertEquals("variant: expected none with " + root + ", which has no variants of its weights, found fp16",
                inputError(() -> Checkpoint.open(spec(root, "fp16"))));
        write(unet, STEM + ".bf16.safetensors", 1);
        write(unet, STEM + ".non_ema.safetensors", 1);
        assertEquals("variant: expected one of bf16, non_ema, which " + root + " has, found fp16",
                inputError(() -> Checkpoint.open(spec(root, "fp16"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "../fp16", "fp16/..", "fp 16", "fp16\n"})
    void aNameIsPartOfAFilesName(String variant) {
        assertTrue(inputError(() -> spec(root, variant))
                .startsWith("variant: expected letters, digits, - and _, found \""));
    }

    @Test
    void aModelInAnotherFormHasNone() {
        Path file = root.resolve("model.safetensors");
        write(root, "model.safetensors", 1);
        String refused = "variant: expected with a diffusers directory, found it with a model in another form";
        assertEquals(refused, inputError(() -> Checkpoint.open(spec(file, "fp16"))));
        assertEquals(refused, inputError(() -> RandomModel.of("sd-1.5", spec(null, "fp16"))));
    }

    @Test
    void whereThereIsNothingThereIsNoNotice() {
        var none = new WeightsVariants(root.resolve("nowhere"), STEM, STEM);
        assertEquals(Set.of(), none.names());
        assertEquals(Optional.empty(), none.notice("fp16"));
        assertEquals(root.resolve("nowhere") + ": no " + STEM + ".safetensors or " + STEM
                + ".bin, nor a variant or an index of shards", inputError(() -> none.choose(null)));
    }

    private static ModelSpec spec(Path path, String variant) {
        return new ModelSpec(path, null, null, null, null, null, false, List.of(), List.of(), variant);
    }

    private float value(String component, String variant) {
        try (var checkpoint = Checkpoint.open(spec(root, variant))) {
            Weights weights = checkpoint.component(component).weights();
            assertArrayEquals(new Object[] {"a"}, weights.names().toArray());
            return weights.floats("a", 1)[0];
        }
    }

    private List<String> notices(String variant) {
        try (var checkpoint = Checkpoint.open(spec(root, variant))) {
            checkpoint.components().forEach(checkpoint::component);
            return checkpoint.notices();
        }
    }

    private static void write(Path folder, String file, float value) {
        new SafetensorsWriter().floats("a", DType.F32, List.of(1), new float[] {value}).write(folder.resolve(file));
    }
}
