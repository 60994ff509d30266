package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.DiffusersForm;
import org.diffusionclassifier.checkpoint.ModelSpec.TextEncoderSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Diffusion 3 as one file: small ones, whose configurations and tensors must come back, and the published by shape. */
class Sd3NamingTest {

    private static final MmditConfig MMDIT =
            new MmditConfig(8, 16, 16, 2, 3, 2, 64, 192, 192, 12, true, List.of(0, 1));
    private static final VaeConfig VAE =
            new VaeConfig(16, 3, 16, List.of(32, 64), 1, 32, 1.5305, 0.0609, false, true);
    private static final ClipTextConfig TEXT =
            new ClipTextConfig(640, 64, 256, 2, 1, 16, Activation.QUICK_GELU, 1e-5f, 64);
    private static final ClipTextConfig TEXT_2 =
            new ClipTextConfig(640, 128, 512, 2, 2, 16, Activation.GELU, 1e-5f, 128);
    private static final T5Config T5 = new T5Config(90, 192, 96, 2, 3, 16, 32, 128, 1e-6f);

    @TempDir
    Path temp;

    private static Map<String, MapWeights> components(MmditConfig mmdit) {
        var components = new LinkedHashMap<String, MapWeights>();
        components.put("text_encoder", filled(DiffusersForm.text(TEXT)));
        components.put("text_encoder_2", filled(DiffusersForm.text(TEXT_2)));
        components.put("text_encoder_3", filled(DiffusersForm.text(T5)));
        components.put("vae", filled(DiffusersForm.vae(VAE)));
        components.put("transformer", filled(DiffusersForm.transformer(mmdit)));
        return components;
    }

    private static MapWeights filled(Weights shapes) {
        var filled = new MapWeights();
        for (String name : shapes.names()) {
            var values = new float[OriginalForm.elements(shapes.shape(name))];
            var random = new SplittableRandom(name.hashCode());
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            filled.put(name, shapes.shape(name), () -> values);
        }
        return filled;
    }

    private static OriginalForm bare(Map<String, MapWeights> components, MmditConfig mmdit) {
        return new OriginalForm().mmdit(components.get("transformer"), mmdit).vae(components.get("vae"));
    }

    private static ModelSpec spec(Path file) throws Exception {
        return new ModelSpec(file, SmallModel.tokenizer(file.resolveSibling("tokenizer")), null, null, 16, null, false,
                List.of(), List.of(), null);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileHoldsTheSameAsADirectory(boolean normalised) throws Exception {
        var mmdit = new MmditConfig(8, 16, 16, 2, 3, 2, 64, 192, 192, 12, normalised, normalised ? List.of(0, 1) : List.of());
        Map<String, MapWeights> components = components(mmdit);
        Path file = bare(components, mmdit).sd3Text("clip_l", components.get("text_encoder"), true)
                .sd3Text("clip_g", components.get("text_encoder_2"), true)
                .sd3Text("t5xxl", components.get("text_encoder_3"), false).tensors()
                .write(temp.resolve("sd3.safetensors"));
        try (var checkpoint = Checkpoint.open(spec(file))) {
            assertEquals(mmdit, MmditConfig.read(checkpoint.component("transformer").config()));
            assertEquals(VAE, VaeConfig.read(checkpoint.component("vae").config()));
            assertEquals(TEXT, ClipTextConfig.read(checkpoint.component("text_encoder").config()));
            assertEquals(TEXT_2, ClipTextConfig.read(checkpoint.component("text_encoder_2").config()));
            assertEquals(T5, T5Config.read(checkpoint.component("text_encoder_3").config()));
            assertEquals(FlowConfig.stableDiffusion3(), FlowConfig.read(checkpoint.scheduler()));
            for (Map.Entry<String, MapWeights> component : components.entrySet()) {
                Weights expected = component.getValue();
                Weights actual = checkpoint.component(component.getKey()).weights();
                for (String name : expected.names()) {
                    assertEquals(expected.shape(name), actual.shape(name), name);
                    assertArrayEquals(values(expected, name), values(actual, name), name);
                }
            }
            assertTrue(checkpoint.tokenizer("tokenizer_2").text("special_tokens_map.json").contains("\"!\""));
            assertTrue(inputError(() -> checkpoint.tokenizer("tokenizer_3")).contains("expected a folder with tokenizer_3"));
        }
    }

    /** Rows are read in pieces, across the middle, where a converter takes a chunk at a time. */
    @Test
    void swappedHalvesAreReadFromAnyPlaceOn() {
        float[] stored = {1, 2, 3, 4, 5, 6};
        var swapped = new SwappedHalves(new MapWeights().with("norm.linear.bias", stored, 6), Set.of("norm.linear"));
        for (int first = 0; first < 6; first++) {
            for (int count = 1; count <= 6 - first; count++) {
                var found = FloatBuffer.allocate(count);
                swapped.read("norm.linear.bias", first, found);
                for (int i = 0; i < count; i++) {
                    assertEquals((first + i + 3) % 6 + 1, found.get(i));
                }
            }
        }
    }

    /** As in the published files, whose first text encoder has none. */
    @Test
    void aProjectionThatIsLeftOutIsTheIdentity() throws Exception {
        Map<String, MapWeights> components = components(MMDIT);
        Path file = bare(components, MMDIT).sd3Text("clip_l", components.get("text_encoder"), false).tensors()
                .write(temp.resolve("sd3.safetensors"));
        try (var checkpoint = Checkpoint.open(spec(file))) {
            assertEquals(TEXT, ClipTextConfig.read(checkpoint.component("text_encoder").config()));
            float[] matrix = checkpoint.component("text_encoder").weights().floats("text_projection.weight", 64, 64);
            for (int i = 0; i < matrix.length; i++) {
                assertEquals(i % 65 == 0 ? 1 : 0, matrix[i]);
            }
            assertEquals(Set.of("text_encoder", "transformer", "vae"), Set.copyOf(checkpoint.components()));
        }
    }

    @Test
    void textEncodersComeFromAFolder() throws Exception {
        Path file = bare(components(MMDIT), MMDIT).tensors().write(temp.resolve("sd3.safetensors"));
        Path folder = Golden.of("pipeline-sd3-tiny");
        var spec = spec(file).with(new TextEncoderSpec(folder, true, 24));
        try (var checkpoint = Checkpoint.open(spec)) {
            assertEquals(Set.of("text_encoder", "text_encoder_2", "text_encoder_3", "transformer", "vae"),
                    Set.copyOf(checkpoint.components()));
            assertEquals(16, ClipTextConfig.read(checkpoint.component("text_encoder").config()).width());
            assertTrue(checkpoint.component("text_encoder_3").weights().has("shared.weight"));
            assertEquals(folder.resolve("tokenizer_3").toString(), checkpoint.tokenizer("tokenizer_3").source());
        }
        assertEquals(temp.resolve("none") + ": expected a folder of text encoders, found nothing",
                inputError(() -> Checkpoint.open(spec(file).with(new TextEncoderSpec(temp.resolve("none"), true, 24)))));
        assertTrue(inputError(() -> Checkpoint.open(spec(file).with(new TextEncoderSpec(temp, true, 24))))
                .contains("expected a folder with text_encoder"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd3-medium", "sd3.5-medium", "sd3.5-large"})
    void publishedTransformersComeBack(String name) {
        MmditConfig config = MmditConfig.published(name);
        assertEquals(config, new OriginalMmdit(new OriginalForm().mmdit(DiffusersForm.transformer(config), config).tensors(),
                "model.diffusion_model").config(config.sampleSize()));
    }

    /** In billions, as published. */
    @ParameterizedTest
    @CsvSource({"sd3-medium, 2.03", "sd3.5-medium, 2.5", "sd3.5-large, 8.1"})
    void publishedSizes(String name, double billions) {
        Weights w = DiffusersForm.transformer(MmditConfig.published(name));
        assertEquals(billions, w.names().stream().mapToLong(w::elements).sum() / 1e9, 0.03 * billions);
    }

    @Test
    void whatIsMissingOrAnotherModelIsNamed() {
        Map<String, MapWeights> components = components(MMDIT);
        Path file = new OriginalForm().mmdit(components.get("transformer"), MMDIT).tensors()
                .write(temp.resolve("bare.safetensors"));
        assertTrue(inputError(() -> Checkpoint.open(ModelSpec.of(file))).contains("with its VAE, found none"));
        MapWeights quantised = bare(components, MMDIT).tensors();
        quantised.put("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight.absmax", List.of(1), () -> new float[1]);
        Path other = quantised.write(temp.resolve("nf4.safetensors"));
        assertTrue(inputError(() -> Checkpoint.open(ModelSpec.of(other))).contains("weights quantised to 8 or 4 bits"));
    }

    private static float[] values(Weights weights, String name) {
        var values = FloatBuffer.allocate((int) weights.elements(name));
        weights.read(name, values);
        return values.array();
    }
}
