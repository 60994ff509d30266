package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Component;
import org.diffusionclassifier.checkpoint.DiffusersForm;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.checkpoint.ModelSpec.TextEncoderSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.ClipTextConfig.Activation;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.TransformerDepths;
import org.diffusionclassifier.config.UNetConfig.Added;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig.MidBlock;
import org.diffusionclassifier.config.UNetConfig;
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

/** SDXL as one file: a small one, whose configurations and tensors must come back, and the published ones by shape. */
class LdmXlTest {

    private static final int RANK = 2;

    @TempDir
    Path temp;

    private static final UNetConfig UNET = new UNetConfig(8, 4, 4, List.of(64, 128),
            List.of(BlockKind.PLAIN, BlockKind.CROSS_ATTENTION), List.of(BlockKind.CROSS_ATTENTION, BlockKind.PLAIN),
            List.of(1, 1), List.of(1, 2), MidBlock.CROSS_ATTENTION,
            new TransformerDepths(List.of(List.of(0), List.of(2)), 2, List.of(List.of(1, 3), List.of(0, 0))), 192, 32,
            1e-5f, true, true, 0, false, 0, new Added(64, 256));
    private static final VaeConfig VAE = new VaeConfig(16, 3, 4, List.of(32, 64), 1, 32, 0.13025, true, true);
    private static final ClipTextConfig TEXT = new ClipTextConfig(640, 64, 256, 2, 1, 16, Activation.QUICK_GELU, 1e-5f);
    private static final ClipTextConfig TEXT_2 =
            new ClipTextConfig(640, 128, 512, 2, 2, 16, Activation.GELU, 1e-5f, 64);

    private static Map<String, MapWeights> components() {
        var components = new LinkedHashMap<String, MapWeights>();
        components.put("text_encoder", MapWeights.random(DiffusersForm.text(TEXT)));
        components.put("text_encoder_2", MapWeights.random(DiffusersForm.text(TEXT_2)));
        components.put("vae", MapWeights.random(DiffusersForm.vae(VAE)));
        components.put("unet", MapWeights.random(DiffusersForm.unet(UNET)));
        return components;
    }

    private static MapWeights original(Map<String, MapWeights> components) {
        return new OriginalForm().unet(components.get("unet"), 1).vae(components.get("vae"))
                .xl(components.get("text_encoder"), components.get("text_encoder_2"), TEXT_2.layers()).tensors();
    }

    private ModelSpec spec(List<LoraSpec> loras) throws Exception {
        Path file = original(components()).write(temp.resolve("xl.safetensors"));
        return new ModelSpec(file, SmallModel.tokenizer(temp.resolve("tokenizer")), null, null, 16, null, false, loras,
                List.of(), null);
    }

    @Test
    void aFileHoldsTheSameAsADirectory() throws Exception {
        try (var checkpoint = Checkpoint.open(spec(List.of()))) {
            assertEquals(UNET, UNetConfig.read(checkpoint.component("unet").config()));
            assertEquals(VAE, VaeConfig.read(checkpoint.component("vae").config()));
            assertEquals(TEXT, ClipTextConfig.read(checkpoint.component("text_encoder").config()));
            assertEquals(TEXT_2, ClipTextConfig.read(checkpoint.component("text_encoder_2").config()));
            for (Map.Entry<String, MapWeights> component : components().entrySet()) {
                Weights expected = component.getValue();
                Weights actual = checkpoint.component(component.getKey()).weights();
                for (String name : expected.names()) {
                    assertEquals(expected.shape(name), actual.shape(name), name);
                    assertArrayEquals(values(expected, name), values(actual, name), name);
                }
            }
            assertTrue(checkpoint.tokenizer("tokenizer_2").text("special_tokens_map.json").contains("\"!\""));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sdxl", "ssd-1b", "segmind-vega"})
    void publishedUNetsComeBack(String name) {
        UNetConfig config = PublishedUNets.of(name);
        assertEquals(config, new LdmUNet(new OriginalForm().unet(DiffusersForm.unet(config), 2).tensors())
                .config(config.sampleSize()));
    }

    @ParameterizedTest
    @CsvSource({
        "lora_unet_input_blocks_3_1_transformer_blocks_1_attn1_to_q, unet, "
            + "down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_q.weight",
        "lora_unet_middle_block_1_proj_in, unet, mid_block.attentions.0.proj_in.weight",
        "lora_unet_output_blocks_1_1_transformer_blocks_2_ff_net_2, unet, "
            + "up_blocks.0.attentions.1.transformer_blocks.2.ff.net.2.weight",
        "lora_unet_down_blocks_1_attentions_0_proj_out, unet, down_blocks.1.attentions.0.proj_out.weight",
        "lora_unet_label_emb_0_2, unet, add_embedding.linear_2.weight",
        "lora_te1_text_model_encoder_layers_1_mlp_fc1, text_encoder, encoder.layers.1.mlp.fc1.weight",
        "lora_te2_text_model_encoder_layers_0_self_attn_k_proj, text_encoder_2, "
            + "encoder.layers.0.self_attn.k_proj.weight",
        "text_encoder_2.text_model.encoder.layers.1.mlp.fc2, text_encoder_2, encoder.layers.1.mlp.fc2.weight"})
    void aLoraIsAddedToTheLayerItNames(String layer, String component, String tensor) throws Exception {
        Weights before = components().get(component);
        List<Integer> shape = before.shape(tensor);
        var down = new float[RANK * shape.get(1)];
        var up = new float[shape.get(0) * RANK];
        down[0] = 1;        // adds up's first column to the layer's first column
        for (int i = 0; i < shape.get(0); i++) {
            up[i * RANK] = i + 1;
        }
        Path lora = temp.resolve("lora.safetensors");
        new SafetensorsWriter().floats(layer + ".lora_down.weight", DType.F32, List.of(RANK, shape.get(1)), down)
                .floats(layer + ".lora_up.weight", DType.F32, List.of(shape.get(0), RANK), up).write(lora);
        float[] expected = values(before, tensor);
        for (int i = 0; i < shape.get(0); i++) {
            expected[i * shape.get(1)] += i + 1;
        }
        try (var checkpoint = Checkpoint.open(spec(List.of(new LoraSpec(lora, 1))))) {
            Component changed = checkpoint.component(component);
            assertArrayEquals(expected, values(changed.weights(), tensor), 1e-4f);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "conditioner.embedders.0.model.ln_final.weight | SDXL's refiner",
        "double_blocks.0.img_attn.qkv.weight | Flux",
        "model.diffusion_model.input_blocks.1.0.time_stack.emb_layers.1.bias | a model of videos",
        "model.diffusion_model.input_blocks.1.1.proj_in.weight.absmax | weights quantised to 8 or 4 bits",
        "control_model.input_hint_block.0.bias | a ControlNet"})
    void whatIsAnotherModelIsNamed(String tensor, String what) {
        MapWeights file = original(components());
        file.put(tensor, List.of(1), () -> new float[1]);
        Path path = file.write(temp.resolve("other.safetensors"));
        String message = inputError(() -> Checkpoint.open(ModelSpec.of(path)));
        assertTrue(message.contains("found " + what), message);
    }

    @Test
    void aFileWithoutItsTextEncodersTakesAFolders() {
        Map<String, MapWeights> components = components();
        Path path = new OriginalForm().unet(components.get("unet"), 1).vae(components.get("vae")).tensors()
                .write(temp.resolve("bare.safetensors"));
        assertTrue(inputError(() -> Checkpoint.open(ModelSpec.of(path))).contains("found no first text encoder"));
        Path folder = Golden.of("pipeline-sdxl-tiny");
        var spec = new ModelSpec(path, null, null, null, 16, null, false, List.of(), List.of(), null)
                .with(new TextEncoderSpec(folder, true, 256));
        try (var checkpoint = Checkpoint.open(spec)) {
            assertEquals(Set.of("text_encoder", "text_encoder_2", "vae", "unet"), Set.copyOf(checkpoint.components()));
            assertTrue(checkpoint.component("text_encoder_2").weights().has("text_projection.weight"));
            assertEquals(folder.resolve("tokenizer_2").toString(), checkpoint.tokenizer("tokenizer_2").source());
        }
    }
}
