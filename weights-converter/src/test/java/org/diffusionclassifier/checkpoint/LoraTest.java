package org.diffusionclassifier.checkpoint;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.diffusionclassifier.checkpoint.ModelSpec.LoraSpec;
import org.diffusionclassifier.checkpoint.original.OriginalForm;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LoRAs in every naming, against the sum by the textbook's loops in double precision. */
class LoraTest {

    private static final int RANK = 3;
    private static final String QUERIES = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight";
    private static final String OUT = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_out.0.weight";
    private static final String CONV = "mid_block.resnets.0.conv1.weight";
    private static final String POINTWISE = "down_blocks.0.attentions.0.proj_in.weight";
    private static final String TEXT = "encoder.layers.1.self_attn.v_proj.weight";

    @TempDir
    Path temp;
    private Opened model;

    @BeforeEach
    void openModel() throws IOException {
        model = Opened.of(new SmallModel(false).directory(temp.resolve("model"), DType.F16));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ' ', value = {
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q .lora_down.weight .lora_up.weight "
            + QUERIES,
        "lora_unet_mid_block_resnets_0_conv1 .lora_down.weight .lora_up.weight " + CONV,
        "lora_unet_down_blocks_0_attentions_0_proj_in .lora_down.weight .lora_up.weight " + POINTWISE,
        "lora_te_text_model_encoder_layers_1_self_attn_v_proj .lora_down.weight .lora_up.weight " + TEXT,
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q .lora_A.weight .lora_B.weight " + QUERIES,
        "base_model.model.unet.mid_block.resnets.0.conv1 .lora_A.weight .lora_B.weight " + CONV,
        "text_encoder.text_model.encoder.layers.1.self_attn.v_proj .lora_A.weight .lora_B.weight " + TEXT,
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q _lora.down.weight _lora.up.weight "
            + QUERIES,
        "down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_out _lora.down.weight _lora.up.weight " + OUT,
        "text_encoder.text_model.encoder.layers.1.self_attn.to_v _lora.down.weight _lora.up.weight " + TEXT,
        "text_encoder.text_model.encoder.layers.1.self_attn.v_proj .lora_linear_layer.down.weight "
            + ".lora_linear_layer.up.weight " + TEXT})
    void isAddedToTheLayerItNames(String layer, String down, String up, String tensor) throws IOException {
        boolean ofText = tensor.startsWith("encoder");
        try (Weights before = ofText ? model.weights("text_encoder") : model.weights("unet")) {
            Path file = write(layer, down, up, before.shape(tensor), 6f);
            double[] expected = sum(before, tensor, file, layer, down, up, 0.5 * 6 / RANK);
            Opened changed = with(model, new LoraSpec(file, 0.5f));
            try (Weights after = ofText ? changed.weights("text_encoder") : changed.weights("unet")) {
                assertClose(expected, values(after, tensor));
                String other = ofText ? "final_layer_norm.weight" : "conv_in.weight";
                assertArrayEquals(values(before, other), values(after, other));
                assertEquals(DType.F16, after.dtype(other));
            }
        }
    }

    @Test
    void withoutAlphaTheScaleIsTheWholeAndSeveralAdd() throws IOException {
        try (Weights before = model.weights("unet")) {
            Path file = write("unet.mid_block.resnets.0.conv1", ".lora_A.weight", ".lora_B.weight", before.shape(CONV),
                    0);
            double[] expected = sum(before, CONV, file, "unet.mid_block.resnets.0.conv1", ".lora_A.weight",
                    ".lora_B.weight", 0.75);
            var loras = new LoraSpec[] {new LoraSpec(file, 1), new LoraSpec(file, -0.25f)};
            try (Weights after = with(model, loras).weights("unet")) {
                assertClose(expected, values(after, CONV));
            }
        }
    }

    /** As older trainers save them. */
    @Test
    void aPickleIsReadLikeSafetensors() throws IOException {
        Path pickle = temp.resolve("lora.pt");
        Path file;
        try (Weights before = model.weights("unet")) {
            file = write("lora_unet_mid_block_resnets_0_conv1", ".lora_down.weight", ".lora_up.weight",
                    before.shape(CONV), 6);
        }
        try (var tensors = SafetensorsFile.open(file)) {
            PytorchFixture.write(tensors, pickle);
        }
        try (Weights one = with(model, new LoraSpec(file, 0.5f)).weights("unet");
                Weights other = with(model, new LoraSpec(pickle, 0.5f)).weights("unet")) {
            assertArrayEquals(values(one, CONV), values(other, CONV));
        }
    }

    /** An adapter that needs the whole of a filter for each element, in the order in which convert keeps filters. */
    @Test
    void filtersAreTurnedForWhatNeedsThemWhole() throws IOException {
        Path plain = temp.resolve("plain.safetensors");
        converter(model, new Converter.Options(DType.F32, false, false)).write(plain, bytes -> { });
        Path file = temp.resolve("dora.safetensors");
        try (Weights unet = model.weights("unet")) {
            int out = unet.shape(CONV).get(0);
            int in = unet.shape(CONV).get(1);
            new SafetensorsWriter()
                    .floats("lora_unet_mid_block_resnets_0_conv1.lora_down.weight", DType.F32, List.of(RANK, in, 3, 3),
                            random(RANK * in * 9))
                    .floats("lora_unet_mid_block_resnets_0_conv1.lora_up.weight", DType.F32, List.of(out, RANK, 1, 1),
                            random(out * RANK))
                    .floats("lora_unet_mid_block_resnets_0_conv1.dora_scale", DType.F32, List.of(1, in, 1, 1),
                            random(in))
                    .write(file);
        }
        try (Weights kept = with(model, new LoraSpec(file, 1)).weights("unet");
                Weights turned = with(Opened.of(plain), new LoraSpec(file, 1)).weights("unet")) {
            assertArrayEquals(Fixtures.channelsLast(kept, CONV), values(turned, CONV));
        }
    }

    /** Whose filters are channels-last. */
    @Test
    void aModelFileWithALoraIsTheModelWithItConverted() throws IOException {
        Path file;
        try (Weights unet = model.weights("unet")) {
            file = write("lora_unet_mid_block_resnets_0_conv1", ".lora_down.weight", ".lora_up.weight",
                    unet.shape(CONV), 1);
        }
        var lora = new LoraSpec(file, 1);
        var f32 = new Converter.Options(DType.F32, false, true);
        Path plain = temp.resolve("plain.safetensors");
        Path merged = temp.resolve("merged.safetensors");
        Path later = temp.resolve("later.safetensors");
        converter(model, f32).write(plain, bytes -> { });
        converter(with(model, lora), f32).write(merged, bytes -> { });
        converter(with(Opened.of(plain), lora), f32).write(later, bytes -> { });
        try (var first = SafetensorsFile.open(merged); var second = SafetensorsFile.open(later);
                var without = SafetensorsFile.open(plain)) {
            assertArrayEquals(values(first, "unet." + CONV), values(second, "unet." + CONV));
            assertTrue(values(without, "unet." + CONV)[0] != values(first, "unet." + CONV)[0]);
            String note = first.metadata().get("lora");
            assertTrue(note.contains("\"name\":\"lora.safetensors\""), note);
        }
    }

    @Test
    void diffusersKeepsAlphaInTheMetadata() throws IOException {
        String layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
        try (Weights before = model.weights("unet")) {
            Path file = write(layer, ".lora_A.weight", ".lora_B.weight", before.shape(QUERIES), 0,
                    "{\"unet.lora_alpha\": 12, \"unet.r\": 3, \"unet.alpha_pattern\": {}, \"unet.use_dora\": false}");
            double[] expected = sum(before, QUERIES, file, layer, ".lora_A.weight", ".lora_B.weight", 4);
            try (Weights after = with(model, new LoraSpec(file, 1)).weights("unet")) {
                assertClose(expected, values(after, QUERIES));
            }
            Path other = write(layer, ".lora_A.weight", ".lora_B.weight", before.shape(QUERIES), 0,
                    "{\"unet.lora_alpha\": 12, \"unet.use_rslora\": true}");
            assertTrue(inputError(() -> with(model, new LoraSpec(other, 1)))
                    .contains("unet.use_rslora = true is not supported"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "lora_unet_down_blocks_9_attn1_to_q.lora_down.weight|lora_unet_down_blocks_9_attn1_to_q.lora_up.weight"
            + "|expected layers of the model's UNet, found lora_unet_down_blocks_9_attn1_to_q",
        "lora_te_text_model_encoder_layers_7_mlp_fc1.lora_down.weight"
            + "|lora_te_text_model_encoder_layers_7_mlp_fc1.lora_up.weight"
            + "|expected layers of the model's text encoder, found lora_te_text_model_encoder_layers_7_mlp_fc1",
        "lora_unet_conv_in.hada_w1_a|lora_unet_conv_in.hada_w1_b|tensor lora_unet_conv_in.hada_w1_a: expected a "
            + "factor of the outputs of rank 64 for conv_in.weight [64, 4, 3, 3], found shape [3, 64]",
        "lora_unet_conv_in.glora_a1|lora_unet_conv_in.glora_a2|another adapter that is known, found tensor "
            + "lora_unet_conv_in.glora_a",
        "lora_unet_conv_in.alpha|lora_unet_conv_in.dora_scale|expected an adapter beside lora_unet_conv_in.",
        "lora_unet_conv_in.lora_down.weight|lora_unet_conv_out.lora_up.weight|expected lora_up beside "
            + "lora_unet_conv_in.lora_down.weight, found none",
        "lora_unet_conv_in.lora_down.weight|lora_unet_conv_in.lora_up.weight|expected [rank, 4, height, width] and with "
            + "it [64, rank] for conv_in.weight [64, 4, 3, 3], found [3, 64] and [64, 3]"})
    void whatDoesNotFitIsRefusedByName(String first, String second, String message) {
        Path file = temp.resolve("lora.safetensors");
        new SafetensorsWriter().floats(first, DType.F32, List.of(RANK, 64), new float[RANK * 64])
                .floats(second, DType.F32, List.of(64, RANK), new float[64 * RANK]).write(file);
        String found = inputError(() -> with(model, new LoraSpec(file, 1)));
        assertTrue(found.startsWith(file.toString()) && found.contains(message), found);
    }

    private static Opened with(Opened model, LoraSpec... loras) {
        return new Opened(LoraCheckpoint.of(model.checkpoint(), List.of(loras)));
    }

    private static Converter converter(Opened model, Converter.Options options) {
        return new Converter(model.checkpoint(), model.layout(), options);
    }

    /** @param alpha 0 for none */
    private Path write(String layer, String down, String up, List<Integer> shape, float alpha, String... adapter) {
        Path file = temp.resolve("lora.safetensors");
        boolean filter = shape.size() == 4;
        int out = shape.get(0);
        int row = OriginalForm.elements(shape) / out;
        var writer = new SafetensorsWriter()
                .floats(layer + down, DType.F32, filter ? List.of(RANK, shape.get(1), shape.get(2), shape.get(3))
                        : List.of(RANK, row), random(RANK * row))
                .floats(layer + up, DType.F32, filter ? List.of(out, RANK, 1, 1) : List.of(out, RANK),
                        random(out * RANK));
        if (alpha != 0) {
            writer.floats(layer + ".alpha", DType.F32, List.of(), new float[] {alpha});
        }
        for (String json : adapter) {
            writer.metadata("lora_adapter_metadata", json);
        }
        writer.write(file);
        return file;
    }

    private static float[] random(int elements) {
        var random = new SplittableRandom(elements);
        var values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] sum(Weights weights, String tensor, Path file, String layer, String down, String up,
            double factor) {
        float[] w = values(weights, tensor);
        try (var lora = SafetensorsFile.open(file)) {
            float[] a = values(lora, layer + down);
            float[] b = values(lora, layer + up);
            int row = w.length / weights.shape(tensor).get(0);
            var sum = new double[w.length];
            for (int i = 0; i < w.length; i++) {
                sum[i] = w[i];
                for (int r = 0; r < RANK; r++) {
                    sum[i] += factor * b[i / row * RANK + r] * a[r * row + i % row];
                }
            }
            return sum;
        }
    }

    private static void assertClose(double[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-5);
        }
    }
}
