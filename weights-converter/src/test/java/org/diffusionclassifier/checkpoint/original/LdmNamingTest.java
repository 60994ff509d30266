package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.diffusionclassifier.checkpoint.DiffusersForm;
import org.diffusionclassifier.checkpoint.Opened;
import org.diffusionclassifier.checkpoint.original.OriginalNaming.Settings;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.JsonConfig;
import org.diffusionclassifier.config.PublishedUNets;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** On checkpoints of the published models' names and shapes, whose configurations must come back, and a small one. */
class LdmNamingTest {

    @TempDir
    Path temp;

    @Test
    void infersStableDiffusion15() {
        Inferred model = open(published("sd-1.5").tensors(), 512);
        assertEquals(UNetConfig.read(config("sd-1.5", "unet")), model.unet());
        assertEquals(VaeConfig.read(config("sd-1.5", "vae")), model.vae());
        assertEquals(ClipTextConfig.read(config("sd-1.5", "text_encoder")), model.textEncoder());
        assertEquals(schedule("sd-1.5"), model.schedule());
    }

    @Test
    void infersStableDiffusion2Base() {
        Inferred model = open(published("sd-2-base").tensors(), 512);
        assertEquals(UNetConfig.read(config("sd-2-base", "unet")), model.unet());
        assertEquals(VaeConfig.read(config("sd-2-base", "vae")), model.vae());
        assertEquals(ClipTextConfig.read(config("sd-2-base", "text_encoder")), model.textEncoder());
        assertEquals(schedule("sd-2-base"), model.schedule());
    }

    /** Its upcast_attention is the one thing that does not come back. */
    @Test
    void infersStableDiffusion21GivenWhatNothingTells() {
        Weights file = published("sd-2.1").tensors();
        var model = Inferred.of(file, new Settings(768, false, false));
        UNetConfig base = PublishedUNets.of("sd-2-base");
        assertEquals(UNetConfig.read(config("sd-2.1", "unet")), new UNetConfig(96, 4, 4, base.blockOutChannels(),
                base.down(), base.up(), base.layersPerBlock(), base.heads(), List.of(1, 1, 1, 1), 1024, 32, 1e-5f,
                true, true, 0, true));
        assertEquals(new UNetConfig(96, 4, 4, base.blockOutChannels(), base.down(), base.up(), base.layersPerBlock(),
                base.heads(), List.of(1, 1, 1, 1), 1024, 32, 1e-5f, true, true, 0, false), model.unet());
        assertEquals(VaeConfig.read(config("sd-2.1", "vae")), model.vae());
        assertEquals(schedule("sd-2.1"), model.schedule().withPrediction(PredictionType.V_PREDICTION));
    }

    /** diffusers' own script leaves out the layer that is not run. */
    @Test
    void aFileWithoutTheLastLayerRunsAllThatAreLeft() {
        ClipTextConfig config = ClipTextConfig.read(config("sd-2-base", "text_encoder"));
        Weights text = DiffusersForm.text(config);
        assertEquals(config, new LdmTextEncoder(new OriginalForm().openClip(text, 23, true).tensors()).config());
        assertEquals(config, new LdmTextEncoder(new OriginalForm().openClip(text, 23, false).tensors()).config());
    }

    @ParameterizedTest
    @CsvSource({"unet-sd1-tiny,2", "unet-sd2-tiny,1"})
    void theGoldenModelsComeBackButForGroupsAndHeads(String model, int layers) {
        UNetConfig golden = UNetConfig.read(resource("golden/" + model + "/config.json"));
        // Widened to what 32 groups and heads of 64 channels divide.
        var wide = new UNetConfig(16, 4, 4, golden.blockOutChannels().stream().map(width -> 2 * width).toList(),
                golden.down(), golden.up(), golden.layersPerBlock(), golden.blockOutChannels().stream()
                .map(width -> golden.linearProjection() ? width / 32 : 8).toList(),
                Collections.nCopies(golden.blockOutChannels().size(), 1),
                golden.crossAttentionDim(), 32, 1e-5f, golden.linearProjection(), true, 0, false);
        assertEquals(wide, new LdmUNet(new OriginalForm().unet(DiffusersForm.unet(wide), layers).tensors()).config(16));
    }

    @Test
    void opensAFileAndItsWeightsByPart() {
        UNetConfig unet = small(false);
        Path file = withValues(small(unet).tensors(), 1).write(temp.resolve("model.safetensors"));
        var model = Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, null));
        assertEquals(unet, model.unet());
        try (Weights w = model.weights("unet");
                Weights vae = model.weights("vae");
                Weights text = model.weights("text_encoder")) {
            assertArrayEquals(filled(4, 1), w.floats("conv_out.bias", 4));
            assertEquals(List.of(64, 64), vae.shape("encoder.mid_block.attentions.0.to_q.weight"));
            assertEquals(List.of(30, 64), text.shape("embeddings.token_embedding.weight"));
        }
    }

    /** As people trained them: a Lightning checkpoint, the weights under state_dict. */
    @Test
    void aPickledFileHoldsTheSame() throws IOException {
        Weights shapes = small(small(true)).tensors();
        var tensors = new MapWeights();
        shapes.names().forEach(name -> tensors.put(name, shapes.shape(name), () -> {
            float[] values = filled(OriginalForm.elements(shapes.shape(name)), 0);
            var random = new SplittableRandom(name.hashCode());
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            return values;
        }));
        var fixture = new PytorchFixture();
        var root = new LinkedHashMap<String, Object>();
        root.put("global_step", 470000L);
        root.put("state_dict", fixture.stateDict(tensors));
        Path pickled = Files.write(temp.resolve("model.ckpt"), fixture.zip(root));
        Path safe = tensors.write(temp.resolve("model.safetensors"));
        Opened actual = Opened.of(Opened.spec(pickled, 16, PredictionType.EPSILON, false, null));
        Opened expected = Opened.of(Opened.spec(safe, 16, PredictionType.EPSILON, false, null));
        assertEquals(expected.unet(), actual.unet());
        try (Weights found = actual.weights("unet"); Weights wanted = expected.weights("unet")) {
            assertEquals(wanted.names(), found.names());
            for (String name : wanted.names()) {
                int[] shape = wanted.shape(name).stream().mapToInt(Integer::intValue).toArray();
                assertArrayEquals(wanted.floats(name, shape), found.floats(name, shape), name);
            }
        }
    }

    @Test
    void averagedWeightsAreTakenOnRequest() {
        UNetConfig unet = small(false);
        MapWeights averaged = withValues(new OriginalForm().averagedUNet(DiffusersForm.unet(unet), 1).tensors(), 2);
        MapWeights all = withValues(small(unet).tensors(), 1);
        averaged.names().forEach(name -> all.put(name, averaged.shape(name),
                () -> filled(OriginalForm.elements(averaged.shape(name)), 2)));
        Path file = all.put("model_ema.decay", List.of(), () -> new float[1]).write(temp.resolve("model.safetensors"));
        var last = Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, null));
        var ema = Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, true, null));
        assertEquals(last.unet(), ema.unet());
        try (Weights one = last.weights("unet"); Weights two = ema.weights("unet")) {
            assertEquals(one.names(), two.names());
            for (String name : one.names()) {
                int[] shape = one.shape(name).stream().mapToInt(Integer::intValue).toArray();
                int elements = OriginalForm.elements(one.shape(name));
                assertArrayEquals(filled(elements, 1), one.floats(name, shape), name);
                assertArrayEquals(filled(elements, 2), two.floats(name, shape), name);
            }
        }
    }

    // What is refused.

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            lora_unet_mid_block_attentions_0_proj_in.lora_up.weight | a LoRA
            unet.mid_block.attentions.0.proj_in.lora_A.weight       | a LoRA
            control_model.input_blocks.0.0.weight                   | a ControlNet
            controlnet_cond_embedding.conv_in.weight                | a ControlNet
            down_blocks.0.resnets.0.conv1.weight                    | one part in diffusers' form
            encoder.down_blocks.0.resnets.0.conv1.weight            | one part in diffusers' form
            encoder.down.0.block.0.conv1.weight                     | a VAE alone
            """)
    void anotherKindOfFileIsNamed(String tensor, String what) {
        String message = inputError(() -> open(new MapWeights().put(tensor, 1), 512));
        assertTrue(message.startsWith(tensor.startsWith("model.diffusion_model")
                ? "test: expected a Stable Diffusion 1.x, 2.x or SDXL checkpoint, found " + what
                : "test: expected Stable Diffusion 1, 2 or 3, SDXL or a DiT in the original naming, found " + what)
                && message.endsWith(" (tensor " + tensor + ")"), message);
    }

    @ParameterizedTest
    @CsvSource({"model.diffusion_model.,UNet", "first_stage_model.,VAE", "cond_stage_model.,text encoder"})
    void aMissingPartIsNamed(String prefix, String part) {
        MapWeights file = small(small(false)).tensors().remove(prefix);
        assertEquals(part.equals("UNet") ? "test: expected Stable Diffusion 1, 2 or 3, SDXL or a DiT in the original "
                + "naming, found none of their tensors"
                : "test: expected a Stable Diffusion 1.x, 2.x or SDXL checkpoint, found no " + part + " (tensors " + prefix
                + "*)", inputError(() -> open(file, 16)));
    }

    @Test
    void averagedWeightsThatAreNotThereAreNamed() {
        Weights file = small(small(false)).tensors();
        assertEquals("test: expected averaged weights (tensors model_ema.*), found none",
                inputError(() -> Inferred.of(file, new Settings(16, true, false))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.diffusion_model.input_blocks.1.0.out_layers.3.weight",
        "model.diffusion_model.input_blocks.1.1.proj_in.weight", "model.diffusion_model.out.2.weight",
        "first_stage_model.encoder.conv_in.weight", "first_stage_model.encoder.down.1.block.0.conv2.weight",
        "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight"})
    void aMissingTensorThatTellsASizeIsNamed(String tensor) {
        MapWeights file = small(small(false)).tensors().remove(tensor);
        assertEquals("test: no tensor " + tensor, inputError(() -> open(file, 16)));
    }

    @Test
    void aTensorOfAnotherRankIsNamed() {
        String tensor = "model.diffusion_model.out.2.weight";
        MapWeights file = small(small(false)).tensors().remove(tensor).put(tensor);
        assertEquals("test: tensor " + tensor + ": expected 4 dimensions, found shape []",
                inputError(() -> open(file, 16)));
    }

    @Test
    void blocksThatDoNotFitAreNamed() {
        assertEquals("test: model.diffusion_model: expected 4 output_blocks, as there are 4 input_blocks, found 3",
                refused(small(small(false)).tensors().remove("model.diffusion_model.output_blocks.3.")));
        assertEquals("test: model.diffusion_model: expected a transformer in every block of a level or in none, "
                        + "found another in output_blocks.3",
                refused(small(small(false)).tensors().remove("model.diffusion_model.output_blocks.3.1.")));
        assertEquals("test: model.diffusion_model: expected 1 to 16 levels, each of a resnet or more, "
                        + "found 3 input_blocks",
                refused(small(small(false)).tensors().remove("model.diffusion_model.input_blocks.3.")));
        assertEquals("test: model.diffusion_model: expected a block or more in each transformer, found none in "
                        + "middle_block.1",
                refused(small(small(false)).tensors().remove("model.diffusion_model.middle_block.1.transformer_")));
        assertEquals("test: first_stage_model: expected levels of as many resnets each, and no attention there, "
                        + "found another in encoder.down.1",
                refused(small(small(false)).tensors().put("first_stage_model.encoder.down.1.attn.0.norm.weight", 1)));
        assertEquals("test: cond_stage_model.transformer.text_model: expected layers of CLIP's "
                        + "(encoder.layers) or of OpenCLIP's (transformer.resblocks), found none",
                refused(small(small(false)).tensors()
                        .remove("cond_stage_model.transformer.text_model.encoder.layers.")));
    }

    @Test
    void numbersThatNoNetworkHasDoNotCount() {
        MapWeights file = small(small(false)).tensors();
        for (String name : List.of("model.diffusion_model.input_blocks.1234.0.op.weight",
                "first_stage_model.encoder.down.99999999999.block.0.norm1.weight",
                "cond_stage_model.transformer.text_model.encoder.layers.1000000.layer_norm1.weight")) {
            file.put(name, 1);
        }
        assertEquals(small(false), open(file, 16).unet());
        assertEquals(1, open(file, 16).textEncoder().layers());
    }

    @Test
    void channelsThatDoNotFitGroupsOrHeadsAreNamed() {
        String conv2 = "model.diffusion_model.input_blocks.1.0.out_layers.3.weight";
        assertEquals("test: model.diffusion_model: expected channels in multiples of 64, found [96, 64]",
                refused(small(small(true)).tensors().remove(conv2).put(conv2, 96, 96, 3, 3)));
        assertEquals("test: model.diffusion_model: expected channels in multiples of 32, found [80, 64]",
                refused(small(small(false)).tensors().remove(conv2).put(conv2, 80, 80, 3, 3)));
    }

    @Test
    void imagesThatDoNotFitAndNoTokenizerAreNamed() {
        assertEquals("test: expected images of a multiple of 4 pixels, found 18",
                inputError(() -> open(small(small(false)).tensors(), 18)));
        Path file = withValues(small(small(false)).tensors(), 1).write(temp.resolve("model.safetensors"));
        Path nowhere = temp.resolve("nowhere");
        assertEquals(nowhere + ": expected the folder of a tokenizer's files, or a tokenizer.json, found nothing",
                inputError(() -> Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, nowhere))));
        try (var model = Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, temp))) {
            assertEquals(temp.toString(), model.checkpoint().tokenizer("tokenizer").source());
        }
        try (var model = Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, null))) {
            assertEquals("tokenizer: expected a folder with vocab.json and merges.txt, or a tokenizer.json, as " + file
                    + " has no tokenizer in it", inputError(() -> model.checkpoint().tokenizer("tokenizer")));
        }
        assertEquals("vae: expected with a DiT, as " + file + " has its autoencoder in it",
                inputError(() -> Opened.of(file, resource("golden/vae-tiny"))));
    }

    private static Inferred open(Weights file, int imageSize) {
        return Inferred.of(file, new Settings(imageSize, false, false));
    }

    /** What is made of a file's tensors, by the types of its networks. */
    private record Inferred(OriginalModel model) {

        static Inferred of(Weights file, Settings settings) {
            return new Inferred(OriginalNaming.of(file).read(file, settings));
        }

        private JsonConfig config(String network) {
            return JsonConfig.of(network, model.networks().get(network).config());
        }

        UNetConfig unet() {
            return UNetConfig.read(config("unet"));
        }

        VaeConfig vae() {
            return VaeConfig.read(config("vae"));
        }

        ClipTextConfig textEncoder() {
            return ClipTextConfig.read(config("text_encoder"));
        }

        ScheduleConfig schedule() {
            return ScheduleConfig.read(JsonConfig.of("scheduler", model.scheduler()));
        }
    }

    private String refused(Weights file) {
        return inputError(() -> open(file, 16));
    }

    private static OriginalForm published(String model) {
        ClipTextConfig text = ClipTextConfig.read(config(model, "text_encoder"));
        var original = new OriginalForm()
                .unet(DiffusersForm.unet(UNetConfig.read(config(model, "unet"))), 2)
                .vae(DiffusersForm.vae(VaeConfig.read(config(model, "vae"))));
        return model.equals("sd-1.5") ? original.clip(DiffusersForm.text(text))
                : original.openClip(DiffusersForm.text(text), text.layers(), true);
    }

    private static Path config(String model, String part) {
        return resource("published/" + model + "/" + part + "/config.json");
    }

    private static ScheduleConfig schedule(String model) {
        return ScheduleConfig.read(resource("published/" + model + "/scheduler/scheduler_config.json"));
    }

    /** Two levels of one layer, 8 × 8 latents, a context of 64 channels. */
    private static UNetConfig small(boolean linear) {
        var attends = BlockKind.CROSS_ATTENTION;
        return new UNetConfig(8, 4, 4, List.of(64, 64), List.of(attends, BlockKind.PLAIN),
                List.of(BlockKind.PLAIN, attends), List.of(1, 1), Collections.nCopies(2, linear ? 1 : 8), List.of(1, 1),
                64, 32, 1e-5f, linear, true, 0, false);
    }

    private static OriginalForm small(UNetConfig unet) {
        return small(unet, unet.crossAttentionDim());
    }

    private static OriginalForm small(UNetConfig unet, int textWidth) {
        return new OriginalForm().unet(DiffusersForm.unet(unet), 1)
                .vae(DiffusersForm.vae(new VaeConfig(16, 3, 4, List.of(32, 64), 1, 32, 0.18215, true, true)))
                .clip(DiffusersForm.text(new ClipTextConfig(30, textWidth, 4 * textWidth, 1, textWidth / 64, 16,
                        ClipTextConfig.Activation.QUICK_GELU, 1e-5f)));
    }

    private static MapWeights withValues(Weights shapes, float value) {
        var filled = new MapWeights();
        shapes.names().forEach(name -> filled.put(name, shapes.shape(name),
                () -> filled(OriginalForm.elements(shapes.shape(name)), value)));
        return filled;
    }

    private static float[] filled(int elements, float value) {
        var values = new float[elements];
        Arrays.fill(values, value);
        return values;
    }
}
