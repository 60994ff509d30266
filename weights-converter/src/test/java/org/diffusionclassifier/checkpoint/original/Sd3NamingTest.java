package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.DiffusersForm;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.checkpoint.ModelSpec.TextEncoderSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.FlowConfig;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
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
        components.put("text_encoder", MapWeights.random(DiffusersForm.text(TEXT)));
        components.put("text_encoder_2", MapWeights.random(DiffusersForm.text(TEXT_2)));
        components.put("text_encoder_3", MapWeights.random(DiffusersForm.text(T5)));
        components.put("vae", MapWeights.random(DiffusersForm.vae(VAE)));
        components.put("transformer", MapWeights.random(DiffusersForm.transformer(mmdit)));
        return components;
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

    /** Added to a packed layer, or to one of its parts; in kohya's naming, PEFT's and diffusers'. */
    @ParameterizedTest
    @CsvSource({
        "lora_unet_joint_blocks_1_x_block_attn_qkv, transformer, transformer_blocks.1.attn.to_q to_k to_v",
        "lora_unet_joint_blocks_0_context_block_attn_qkv, transformer, "
            + "transformer_blocks.0.attn.add_q_proj add_k_proj add_v_proj",
        "lora_unet_joint_blocks_0_x_block_attn2_qkv, transformer, transformer_blocks.0.attn2.to_q to_k to_v",
        "lora_unet_joint_blocks_2_x_block_mlp_fc1, transformer, transformer_blocks.2.ff.net.0.proj",
        "lora_unet_joint_blocks_0_context_block_attn_proj, transformer, transformer_blocks.0.attn.to_add_out",
        "lora_unet_final_layer_linear, transformer, proj_out",
        "transformer.transformer_blocks.1.attn.to_k, transformer, transformer_blocks.1.attn.to_k",
        "base_model.model.transformer.transformer_blocks.0.ff_context.net.2, transformer, "
            + "transformer_blocks.0.ff_context.net.2",
        "lora_te1_text_model_encoder_layers_1_mlp_fc1, text_encoder, encoder.layers.1.mlp.fc1",
        "lora_te2_text_model_encoder_layers_0_self_attn_k_proj, text_encoder_2, encoder.layers.0.self_attn.k_proj",
        "lora_te3_encoder_block_0_layer_0_SelfAttention_q, text_encoder_3, encoder.block.0.layer.0.SelfAttention.q"})
    void aLoraIsAddedToTheLayerItNames(String layer, String component, String modules) throws Exception {
        Map<String, MapWeights> components = components(MMDIT);
        Path file = bare(components, MMDIT).sd3Text("clip_l", components.get("text_encoder"), true)
                .sd3Text("clip_g", components.get("text_encoder_2"), true)
                .sd3Text("t5xxl", components.get("text_encoder_3"), false).tensors().write(temp.resolve("sd3.safetensors"));
        String[] parts = modules.split(" ");
        String before = parts[0].substring(0, parts[0].lastIndexOf('.') + 1);
        Weights original = components.get(component);
        List<Integer> shape = original.shape(parts[0] + ".weight");
        int rows = shape.get(0);
        int rank = 2;
        var down = new float[rank * shape.get(1)];
        var up = new float[parts.length * rows * rank];
        down[0] = 1;        // adds up's first column to the layer's first column
        for (int i = 0; i < parts.length * rows; i++) {
            up[i * rank] = i + 1;
        }
        Path lora = temp.resolve("lora.safetensors");
        new SafetensorsWriter().floats(layer + ".lora_down.weight", DType.F32, List.of(rank, shape.get(1)), down)
                .floats(layer + ".lora_up.weight", DType.F32, List.of(parts.length * rows, rank), up).write(lora);
        try (var checkpoint = Checkpoint.open(spec(file).with(new LoraSpec(lora, 1)))) {
            for (int part = 0; part < parts.length; part++) {
                String tensor = (part == 0 ? "" : before) + parts[part] + ".weight";
                float[] expected = values(original, tensor);
                for (int i = 0; i < rows; i++) {
                    expected[i * shape.get(1)] += part * rows + i + 1;
                }
                assertArrayEquals(expected, values(checkpoint.component(component).weights(), tensor), 1e-4f, tensor);
            }
        }
    }

    /** Where diffusers has scale before shift, a LoRA in the original naming has shift before scale. */
    @ParameterizedTest
    @CsvSource({"lora_unet_joint_blocks_2_context_block_adaLN_modulation_1, transformer_blocks.2.norm1_context.linear.weight, 128",
        "lora_unet_final_layer_adaLN_modulation_1, norm_out.linear.weight, 128",
        "lora_unet_joint_blocks_1_context_block_adaLN_modulation_1, transformer_blocks.1.norm1_context.linear.weight, 0"})
    void aLoraOfAModulationFollowsItsHalves(String layer, String tensor, int moved) throws Exception {
        Map<String, MapWeights> components = components(MMDIT);
        Path file = bare(components, MMDIT).sd3Text("clip_l", components.get("text_encoder"), true).tensors()
                .write(temp.resolve("sd3.safetensors"));
        List<Integer> shape = components.get("transformer").shape(tensor);
        int rows = shape.get(0);
        var down = new float[shape.get(1)];
        down[0] = 1;
        var up = new float[rows];
        for (int i = 0; i < rows; i++) {
            up[i] = i + 1;
        }
        Path lora = temp.resolve("lora.safetensors");
        new SafetensorsWriter().floats(layer + ".lora_down.weight", DType.F32, List.of(1, shape.get(1)), down)
                .floats(layer + ".lora_up.weight", DType.F32, List.of(rows, 1), up).write(lora);
        float[] expected = values(components.get("transformer"), tensor);
        for (int i = 0; i < rows; i++) {
            expected[i * shape.get(1)] += up[(i + moved) % rows];
        }
        try (var checkpoint = Checkpoint.open(spec(file).with(new LoraSpec(lora, 1)))) {
            assertArrayEquals(expected, values(checkpoint.component("transformer").weights(), tensor), 1e-4f);
        }
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
}
