package org.diffusionclassifier.model.sdxl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.text.ClipPair;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What two text encoders make of captions, against the reference pipeline, and mixtures that are refused. */
class SdxlConditionerTest {

    private static final Path PIPELINE = Golden.of("pipeline-sdxl-tiny");

    @TempDir
    Path temp;

    @Test
    void encodesACaptionAsTheReferenceDoes() throws IOException {
        JsonNode recorded = new ObjectMapper().readTree(Golden.of("pipelines.json").toFile())
                .get("pipeline-sdxl-tiny");
        JsonNode condition = recorded.get("condition");
        try (var checkpoint = Checkpoint.open(ModelSpec.of(PIPELINE)); Device device = new CpuDevice(DType.F32);
                var conditioner = conditioner(checkpoint, device)) {
            ClipPair.Encoded encoded = conditioner.encoded(
                    conditioner.tokenized(List.of(recorded.get("captions").get(0).textValue())).distinct(), 0);
            float[] context = device.read(encoded.context());
            double mean = IntStream.range(0, context.length).mapToDouble(i -> context[i]).average().orElseThrow();
            assertEquals(condition.get("prompt_embeds_mean").doubleValue(), mean, 1e-5);
            int width = encoded.context().width();
            assertFirst(condition.get("prompt_embeds_last_row"),
                    Arrays.copyOfRange(context, context.length - width, context.length));
            assertFirst(condition.get("pooled_first"), device.read(encoded.vectors()));
        }
    }

    private static void assertFirst(JsonNode expected, float[] actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).doubleValue(), actual[i], 1e-4, "number " + i);
        }
    }

    /** More captions than a batch has, whose end tokens lie differently. */
    @Test
    void aCaptionIsEncodedAlikeWhereverItStands() {
        List<String> captions = IntStream.range(0, 19).mapToObj(i -> "a bag" + " of bags".repeat(i % 5) + " " + i).toList();
        var backwards = new ArrayList<>(captions);
        Collections.reverse(backwards);
        float[][] one = vectors(captions);
        float[][] other = vectors(backwards);
        for (int i = 0; i < captions.size(); i++) {
            assertArrayEquals(one[i], other[captions.size() - 1 - i], 1e-5f, captions.get(i));
        }
        assertTrue(Arrays.stream(one).map(Arrays::toString).distinct().count() > 5);
    }

    private static float[][] vectors(List<String> captions) {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(PIPELINE)); Device device = new CpuDevice(DType.F32);
                var conditioner = conditioner(checkpoint, device)) {
            var tokenized = conditioner.tokenized(captions);
            ClipPair.Encoded encoded = conditioner.encoded(tokenized.distinct(), 0);
            return tokenized.rows().stream().map(row -> device.read(encoded.vectors().slice(row, 1)))
                    .toArray(float[][]::new);
        }
    }

    private static SdxlConditioner conditioner(Checkpoint checkpoint, Device device) {
        return new SdxlConditioner(checkpoint, SdxlConfig.read(checkpoint), null, device);
    }

    /** Where the model says so, as its index does; the empty caption stays what the text encoders make of it. */
    @Test
    void noCaptionIsZeros() throws IOException {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(PIPELINE)); Device device = new CpuDevice(DType.F32);
                var model = ModelFamily.of(checkpoint).load(checkpoint, device)) {
            String none = ModelFamily.of(checkpoint).unconditional(checkpoint);
            try (var conditioning = model.conditioner().encode(List.of("", none, "a bag", none))) {
                assertEquals(List.of(0, 2, 1, 2), conditioning.rows());
                for (var context : conditioning.context()) {
                    for (float value : device.read(context.slice(2, 1))) {
                        assertEquals(0, value);     // keys and values have no bias
                    }
                    assertTrue(device.read(context.slice(0, 1))[0] != 0);
                }
                float[] vectors = device.read(conditioning.vectors().get(0));
                assertTrue(Arrays.stream(new int[] {0, 1}).allMatch(row -> vectors[row] != vectors[2]));
            }
        }
        Path index = copy().resolve("model_index.json");
        Files.writeString(index, Files.readString(index).replace("\"force_zeros_for_empty_prompt\": true",
                "\"force_zeros_for_empty_prompt\": false"));
        try (var checkpoint = Checkpoint.open(ModelSpec.of(index.getParent()))) {
            assertEquals("", ModelFamily.of(checkpoint).unconditional(checkpoint));
        }
    }

    @Test
    void aTokenizerThatPadsOtherwiseIsRefused() throws IOException {
        Path model = copy();
        Path settings = model.resolve("tokenizer_2/tokenizer_config.json");
        Files.writeString(settings, Files.readString(settings).replace("\"!\"", "\"<|endoftext|>\""));
        try (var checkpoint = Checkpoint.open(ModelSpec.of(model)); Device device = new CpuDevice(DType.F32);
                var conditioner = conditioner(checkpoint, device)) {
            String message = assertThrows(InputException.class, () -> conditioner.tokenized(List.of("a"))).getMessage();
            assertEquals(model.resolve("tokenizer_2") + ": expected SDXL's tokenizer_2, which pads with token 0, found one "
                    + "that pads with token 644, as Stable Diffusion 1's does", message);
        }
    }

    @Test
    void theRefinerAndAnInpaintingModelAreNamed() throws IOException {
        Path model = copy();
        Path unet = model.resolve("unet/config.json");
        String config = Files.readString(unet);
        Files.writeString(unet, config.replace("\"in_channels\": 4", "\"in_channels\": 9"));
        assertTrue(refused(model).contains("this is a model for inpainting; take the one that it was made from"));
        Files.writeString(unet, config);
        Files.move(model.resolve("text_encoder"), temp.resolve("text_encoder"));
        assertTrue(refused(model).contains("SDXL's refiner"), refused(model));
    }

    private static String refused(Path model) {
        try (var checkpoint = Checkpoint.open(ModelSpec.of(model))) {
            ModelFamily family = ModelFamily.of(checkpoint);
            assertEquals("SDXL", family.name());
            return assertThrows(InputException.class, () -> family.layout(checkpoint)).getMessage();
        }
    }

    private Path copy() throws IOException {
        Path model = temp.resolve("model");
        try (Stream<Path> files = Files.walk(PIPELINE)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, model.resolve(PIPELINE.relativize(file).toString()));
            }
        }
        return model;
    }
}
