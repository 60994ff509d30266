package org.diffusionclassifier.checkpoint.original;

import static org.diffusionclassifier.testing.Fixtures.golden;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.diffusionclassifier.checkpoint.DiffusersForm;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The golden models in the original naming, against themselves in diffusers' form. */
class LdmWeightsTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"unet-sd1-tiny,2", "unet-sd2-tiny,1"})
    void unetsAreEqualToTheBit(String model, int layers) {
        try (Weights expected = golden(model)) {
            assertSame(expected, name -> true, new OriginalForm().unet(expected, layers), LdmUNet::new);
        }
    }

    @Test
    void aVaesEncoderIsEqualToTheBit() {
        try (Weights expected = golden("vae-tiny")) {
            var original = new OriginalForm().vae(encoder(expected));
            assertEquals(List.of(32, 32, 1, 1),
                    original.tensors().shape("first_stage_model.encoder.mid.attn_1.proj_out.weight"));
            assertSame(expected, LdmWeightsTest::isOfEncoder, original, LdmVaeEncoder::new);
        }
    }

    @Test
    void clipIsEqualToTheBit() {
        try (Weights expected = golden("clip-text-sd1-tiny")) {
            assertSame(expected, name -> true, new OriginalForm().clip(expected), LdmTextEncoder::new);
        }
    }

    @Test
    void openClipIsEqualToTheBitWithoutItsLastLayer() {
        try (Weights expected = golden("clip-text-sd2-tiny")) {
            assertSame(expected, name -> true, new OriginalForm().openClip(expected, 2, true), LdmTextEncoder::new);
        }
    }

    @Test
    void aClipWithoutTextModelInItsNamesIsTheSame() {
        try (Weights expected = golden("clip-text-sd1-tiny")) {
            var bare = new MapWeights();
            expected.names().forEach(name -> bare.put("cond_stage_model.transformer." + name, expected.shape(name),
                    () -> values(expected, name)));
            assertSame(expected, name -> true, bare.write(temp.resolve("model.safetensors")), LdmTextEncoder::new);
        }
    }

    /** Of a packed matrix: the rows that a part takes, and what is too small to hold them. */
    @Test
    void aPartIsReadAloneAndAdvancesTheBuffer() {
        try (Weights golden = golden("clip-text-sd2-tiny");
                Weights weights = new LdmTextEncoder(
                        SafetensorsFile.open(write(new OriginalForm().openClip(golden, 2, true)))).weights()) {
            String name = "encoder.layers.1.self_attn.v_proj.bias";
            var buffer = FloatBuffer.allocate(50).position(1);
            weights.read(name, buffer);
            assertEquals(49, buffer.position());
            assertEquals(values(golden, name)[47], buffer.get(48));
            assertThrows(IllegalArgumentException.class, () -> weights.read(name, FloatBuffer.allocate(47)));
        }
    }

    @Test
    void messagesHaveTheNamesOfTheFile() {
        try (Weights golden = golden("clip-text-sd2-tiny")) {
            var original = new OriginalForm().openClip(golden, 2, true);
            original.tensors().remove("cond_stage_model.model.transformer.resblocks.1.mlp.c_fc.bias");
            Path file = write(original);
            try (Weights weights = new LdmTextEncoder(SafetensorsFile.open(file)).weights()) {
                assertEquals(file + ": no tensor cond_stage_model.model.transformer.resblocks.1.mlp.c_fc.bias "
                        + "(expected shape [192])",
                        inputError(() -> weights.floats("encoder.layers.1.mlp.fc1.bias", 192)));
                assertEquals(file + ": tensor cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight: "
                        + "expected shape [192, 64], found [144, 48]",
                        inputError(() -> weights.require("encoder.layers.0.self_attn.k_proj.weight", 64, 64)));
                assertEquals(file + ": no tensor text_projection",
                        inputError(() -> weights.shape("text_projection")));
                assertFalse(weights.has("logit_scale"));
            }
        }
        try (Weights golden = golden("vae-tiny");
                Weights vae = new LdmVaeEncoder(SafetensorsFile.open(
                        write(new OriginalForm().vae(encoder(golden))))).weights()) {
            assertTrue(inputError(() -> vae.require("encoder.down_blocks.1.resnets.0.conv_shortcut.weight", 3))
                    .contains("tensor first_stage_model.encoder.down.1.block.0.nin_shortcut.weight: expected"));
        }
    }

    /** A packed tensor whose rows are not three of anything. */
    @Test
    void aPackedTensorOfOtherRowsIsRefused() {
        var base = new MapWeights().put("in_proj_weight", 7, 2);
        var weights = new RenamedWeights(base, Map.of("q", new RenamedWeights.Stored("in_proj_weight", 0, 3)));
        assertEquals("test: tensor in_proj_weight: expected a multiple of 3 rows, found shape [7, 2]",
                inputError(() -> weights.shape("q")));
    }

    /** What the other tests lean on for models whose weights are not at hand. */
    @Test
    void theShapesOfAConfigurationAreThoseOfTheGoldenModels() {
        for (String model : List.of("unet-sd1-tiny", "unet-sd2-tiny")) {
            assertEquals(shapes(golden(model), name -> true),
                    shapes(DiffusersForm.unet(UNetConfig.read(resource("golden/" + model + "/config.json"))),
                            name -> true));
        }
        for (String model : List.of("clip-text-sd1-tiny", "clip-text-sd2-tiny")) {
            assertEquals(shapes(golden(model), name -> true),
                    shapes(DiffusersForm.text(ClipTextConfig.read(resource("golden/" + model + "/config.json"))),
                            name -> true));
        }
        assertEquals(shapes(golden("vae-tiny"), LdmWeightsTest::isOfEncoder),
                shapes(DiffusersForm.vae(VaeConfig.read(resource("golden/vae-tiny/config.json"))), name -> true));
    }

    private void assertSame(Weights expected, Predicate<String> wanted, OriginalForm original,
            Function<Weights, LdmNetwork> network) {
        assertSame(expected, wanted, write(original), network);
    }

    private static void assertSame(Weights expected, Predicate<String> wanted, Path file,
            Function<Weights, LdmNetwork> network) {
        try (Weights found = network.apply(SafetensorsFile.open(file)).weights()) {
            assertEquals(shapes(expected, wanted), shapes(found, name -> true));
            for (String name : found.names()) {
                int[] shape = expected.shape(name).stream().mapToInt(Integer::intValue).toArray();
                assertArrayEquals(values(expected, name), found.floats(name, shape), name);
            }
        }
    }

    private Path write(OriginalForm original) {
        return original.tensors().write(temp.resolve("model.safetensors"));
    }

    private static Map<String, List<Integer>> shapes(Weights weights, Predicate<String> wanted) {
        var shapes = new HashMap<String, List<Integer>>();
        weights.names().stream().filter(wanted).forEach(name -> shapes.put(name, weights.shape(name)));
        return shapes;
    }

    private static boolean isOfEncoder(String name) {
        return name.startsWith("encoder.") || name.startsWith("quant_conv.");
    }

    private static Weights encoder(Weights vae) {
        var encoder = new MapWeights();
        vae.names().stream().filter(LdmWeightsTest::isOfEncoder)
                .forEach(name -> encoder.put(name, vae.shape(name), () -> values(vae, name)));
        return encoder;
    }
}
