package org.diffusionclassifier.model.sd3;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec.TextEncoderSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.T5Config;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.VaeEncoder;
import org.diffusionclassifier.model.text.ClipTextEncoder;
import org.diffusionclassifier.model.text.T5Encoder;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.LoadedModel;
import org.diffusionclassifier.testing.NotingWeights;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Diffusion 3 as a whole: what captions become, against the reference pipeline, files of it, and bad mixtures. */
@Tag("device")
class Sd3ModelTest {

    private static final Path PIPELINE = Golden.of("pipeline-sd3-tiny");
    private static final int T5_TOKENS = 24;
    private static final List<String> CAPTIONS = List.of("a photo of a bag", "a photo of an ankle boot");

    @TempDir
    Path temp;

    private static ModelSpec spec(Path path) {
        return ModelSpec.of(path).with(new TextEncoderSpec(null, true, T5_TOKENS));
    }

    private static JsonNode recorded(String name) throws IOException {
        return new ObjectMapper().readTree(Golden.of("pipelines.json").toFile()).get(name);
    }

    @Test
    void tokenizesForT5AsTheReferenceDoes() throws IOException {
        try (var checkpoint = Checkpoint.open(spec(PIPELINE))) {
            var tokenizer = Sd3Tokenizer.read(checkpoint, Sd3Config.read(checkpoint), T5_TOKENS);
            for (JsonNode recorded : recorded("t5-tokenizer")) {
                List<Integer> ids = recorded.get("ids").valueStream().map(JsonNode::intValue).toList();
                var expected = new int[T5_TOKENS];
                for (int i = 0; i < T5_TOKENS; i++) {
                    // the recording is not cut: the end token is the last that is kept
                    expected[i] = i >= ids.size() ? 0 : i == T5_TOKENS - 1 ? 1 : ids.get(i);
                }
                var sequence = tokenizer.tokenize(recorded.get("text").textValue());
                assertArrayEquals(expected, tokenizer.ofT5(sequence.ids()), recorded.toString());
                assertEquals(Math.max(0, ids.size() - T5_TOKENS), sequence.lost(), recorded.toString());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pipeline-sd3-tiny", "pipeline-sd35-no-t5-tiny"})
    void encodesACaptionAsTheReferenceDoes(String name) throws IOException {
        JsonNode condition = recorded(name).get("condition");
        String caption = recorded(name).get("captions").get(0).textValue();
        try (var checkpoint = Checkpoint.open(spec(Golden.of(name))); Device device = new CpuDevice(DType.F32)) {
            Sd3Config config = Sd3Config.read(checkpoint);
            try (var conditioner = new Sd3Conditioner(checkpoint, config, device)) {
                List<int[]> tokenized = conditioner.tokenized(List.of(caption)).distinct();
                var encoded = conditioner.encodedByClip(tokenized);
                float[] pooled = device.read(encoded.vectors());
                for (int i = 0; i < condition.get("pooled_first").size(); i++) {
                    assertEquals(condition.get("pooled_first").get(i).doubleValue(), pooled[i], 1e-4, "number " + i);
                }
                double sum = sum(device.read(encoded.context()));
                int rows = encoded.context().dim(1) + T5_TOKENS;
                if (config.t5() != null) {
                    var tokenizer = Sd3Tokenizer.read(checkpoint, config, T5_TOKENS);
                    sum += sum(t5(checkpoint, config.t5(), tokenizer.ofT5(tokenized.get(0)), device));
                }
                int width = encoded.context().width();
                assertEquals(condition.get("prompt_embeds_shape").get(1).intValue(), rows);
                assertEquals(condition.get("prompt_embeds_shape").get(2).intValue(), width);
                assertEquals(condition.get("prompt_embeds_mean").doubleValue(), sum / rows / width, 1e-5);
            }
        }
    }

    private static double sum(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sum();
    }

    private static float[] t5(Checkpoint checkpoint, T5Config config, int[] ids, Device device) {
        Tensor input = device.tensor(DType.I32, 1, ids.length);
        device.write(input, ids);
        var states = new Tensor[1];
        try (var t5 = new T5Encoder(config, checkpoint.component("text_encoder_3").weights(), device);
                Graph graph = device.record(recorder -> {
                    states[0] = t5.forward(input);
                    recorder.keep(states[0]);
                })) {
            graph.run();
            return device.read(states[0]);
        }
    }

    /** In float32, which keeps every value of the source. */
    private Path converted(ModelSpec source) {
        Path file = temp.resolve("model.safetensors");
        try (var checkpoint = Checkpoint.open(source)) {
            new Converter(checkpoint, ModelFamily.of(checkpoint).layout(checkpoint),
                    new Converter.Options(DType.F32, false, true)).write(file, bytes -> { });
        }
        return file;
    }

    /** Else the file would have to be read to and fro. */
    @Test
    void networksAskInTheOrderOfTheFile() throws IOException {
        Path file = converted(spec(PIPELINE));
        for (DType dtype : Devices.types()) {
            var asked = new ArrayList<String>();
            try (Device device = Devices.open(dtype); var model = Checkpoint.open(spec(file))) {
                Sd3Config config = Sd3Config.read(model);
                new ClipTextEncoder(config.textEncoder(), noting(model, "text_encoder", asked), device).close();
                new ClipTextEncoder(config.textEncoder2(), noting(model, "text_encoder_2", asked), device).close();
                new T5Encoder(config.t5(), noting(model, "text_encoder_3", asked), device).close();
                new VaeEncoder(config.vae(), noting(model, "vae", asked), device).close();
                new CaptionEmbedding(config.transformer(), noting(model, "transformer", asked), device).close();
                new Mmdit(config.transformer(), noting(model, "transformer", asked), device).close();
            }
            try (var opened = SafetensorsFile.open(file)) {
                assertEquals(opened.names().stream().filter(name -> !name.startsWith("tokenizer")).toList(),
                        asked.stream().distinct().toList());
            }
        }
    }

    private static NotingWeights noting(Checkpoint model, String component, List<String> asked) {
        return new NotingWeights(model.component(component).weights(), component, asked);
    }

    /** From a file, and with weights that do not stay on the device. */
    @Test
    void aConvertedFileGivesTheSameBits() {
        ModelSpec file = spec(converted(spec(PIPELINE)));
        for (DType dtype : Devices.types()) {
            float[][] expected = errors(spec(PIPELINE), dtype, WeightsBudget.unlimited());
            assertTrue(Stream.of(expected).allMatch(row -> row[0] > 0 && row[0] != row[1]));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.unlimited()));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.of(1 << 17)));
        }
    }

    /** Whether T5 is left out on purpose or is not there. */
    @Test
    void withoutT5ItsPlaceIsZeros() throws IOException {
        Path bare = copy();
        delete(bare.resolve("text_encoder_3"));
        delete(bare.resolve("tokenizer_3"));
        float[][] without = errors(spec(bare), DType.F32, WeightsBudget.unlimited());
        ModelSpec clip = spec(PIPELINE).with(new TextEncoderSpec(null, false, T5_TOKENS));
        assertArrayEquals(without, errors(clip, DType.F32, WeightsBudget.unlimited()));
        assertFalse(Arrays.deepEquals(without, errors(spec(PIPELINE), DType.F32, WeightsBudget.unlimited())));
        try (var checkpoint = Checkpoint.open(clip)) {
            assertEquals(List.of("text_encoder", "text_encoder_2", "vae", "transformer"), ModelFamily.of(checkpoint)
                    .layout(checkpoint).parts().stream().map(Layout.Part::component).toList());
        }
    }

    private static float[][] errors(ModelSpec source, DType dtype, WeightsBudget budget) {
        DType of = Devices.isCpu() ? dtype : Devices.types().get(0);
        try (var bundled = BundledModel.open(); Device device = Devices.open(of, budget);
                var model = LoadedModel.of(source, device);
                var scorer = model.scorer(CAPTIONS, new Noise.Seeded(5), Objective.L2, 3)) {
            scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
            return scorer.errors(new Round(List.of(new Trial(300, 0), new Trial(999, 1)), List.of(0, 1)));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "text_encoder_3/config.json | \"d_model\": 48 | \"d_model\": 64 | expected joint_attention_dim = 64",
        "text_encoder_3/config.json | \"vocab_size\": 88 | \"vocab_size\": 80 | expected at most 80 tokens",
        "text_encoder_3/config.json | gated-gelu | relu | feed_forward_proj",
        "vae/config.json | \"latent_channels\": 16 | \"latent_channels\": 4 | latent_channels",
        "transformer/config.json | \"pos_embed_max_size\": 20 | \"pos_embed_max_size\": 4 | pos_embed_max_size = 4",
        "scheduler/scheduler_config.json | \"use_dynamic_shifting\": false | \"use_dynamic_shifting\": true | "
            + "use_dynamic_shifting",
        "text_encoder/config.json | CLIPTextModelWithProjection | CLIPTextModel | CLIPTextModelWithProjection"})
    void partsThatDoNotFitAreNamed(String file, String before, String after, String expected) throws IOException {
        Path model = copy();
        Path config = model.resolve(file);
        String text = Files.readString(config);
        assertTrue(text.contains(before), text);
        Files.writeString(config, text.replace(before, after));
        String message = assertThrows(InputException.class,
                () -> errors(spec(model), DType.F32, WeightsBudget.unlimited())).getMessage();
        assertTrue(message.contains(expected) && !message.contains("\n"), message);
    }

    @Test
    void itPredictsAVelocityWhateverIsAsked() {
        ModelSpec spec = new ModelSpec(PIPELINE, null, null, null, null,
                PredictionType.EPSILON, false, List.of(), List.of(), null);
        try (var checkpoint = Checkpoint.open(spec)) {
            assertEquals("predicts: expected none with Stable Diffusion 3, which predicts a velocity",
                    assertThrows(InputException.class, () -> Sd3Config.read(checkpoint)).getMessage());
        }
    }

    private Path copy() throws IOException {
        Path model = temp.resolve("copy");
        try (Stream<Path> files = Files.walk(PIPELINE)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, model.resolve(PIPELINE.relativize(file).toString()));
            }
        }
        return model;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
