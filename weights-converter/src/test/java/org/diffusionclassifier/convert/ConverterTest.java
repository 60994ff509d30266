package org.diffusionclassifier.convert;

import static org.diffusionclassifier.testing.Fixtures.channelsLast;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.rounded;
import static org.diffusionclassifier.testing.Fixtures.tensors;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.Opened;
import org.diffusionclassifier.checkpoint.RandomModel;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.convert.Converter.Count;
import org.diffusionclassifier.convert.Converter.Options;
import org.diffusionclassifier.convert.Converter.Outcome;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.safetensors.TensorInfo;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One small model in every form in, the same file out. */
class ConverterTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"F16,F16", "F16,F32", "F32,F16", "F32,BF16", "BF16,BF16", "F32,F32", "BF16,F16"})
    void everyTensorIsTheSourcesWithFiltersChannelsLast(DType from, DType to) throws IOException {
        Opened source = Opened.of(new SmallModel(false).directory(temp.resolve("m"), from));
        Path file = convert(source, new Options(to, false, true));
        try (var written = SafetensorsFile.open(file);
                Weights unet = source.weights("unet");
                Weights vae = source.weights("vae");
                Weights text = source.weights("text_encoder")) {
            assertEquals(unet.names().size() + vae.names().size() + text.names().size() + 3, written.names().size());
            for (Map.Entry<String, Weights> part : Map.of("unet", unet, "vae", vae, "text_encoder", text).entrySet()) {
                for (String name : part.getValue().names()) {
                    TensorInfo info = written.tensors().get(part.getKey() + "." + name);
                    assertEquals(to, info.dtype());
                    assertArrayEquals(rounded(channelsLast(part.getValue(), name), to), values(written, info.name()),
                            name);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyFormGivesTheSameTensors(boolean version2) throws IOException {
        var model = new SmallModel(version2);
        Map<String, byte[]> expected = tensors(convert(
                Opened.of(model.directory(temp.resolve("f32"), DType.F32)), f16()));
        Path tokenizer = SmallModel.tokenizer(temp.resolve("tokenizer"));
                Path original = model.original().write(temp.resolve("original.safetensors"));
        var fixture = new PytorchFixture();
        Object dict = Map.of("state_dict", fixture.stateDict(model.original()), "global_step", 7L);
        List<Path> forms = List.of(
                model.directory(temp.resolve("f16"), DType.F16),
                model.directory(temp.resolve("bin"), null),
                original,
                Files.write(temp.resolve("zip.ckpt"), fixture.zip(dict)),
                Files.write(temp.resolve("legacy.ckpt"), fixture.legacy(dict)),
                convert(original(original, tokenizer), new Options(DType.F32, false, false)));
        for (Path form : forms) {
            Path file = convert(Files.isRegularFile(form) && !form.startsWith(temp.resolve("out"))
                    ? original(form, tokenizer) : Opened.of(form), f16());
            Map<String, byte[]> found = tensors(file);
            assertEquals(List.copyOf(expected.keySet()), List.copyOf(found.keySet()), form.toString());
            expected.forEach((name, bytes) -> assertArrayEquals(bytes, found.get(name), form + " " + name));
            Opened opened = Opened.of(file);
            assertEquals(model.unet(), opened.unet());
            assertEquals(model.vae(), opened.vae());
            assertEquals(model.text(), opened.textEncoder());
            assertEquals(ScheduleConfig.stableDiffusion(PredictionType.EPSILON), opened.schedule());
            assertArrayEquals(TokenizerTables.read(tokenizer).get("vocab.json"), opened.checkpoint().tokenizer("tokenizer").get("vocab.json"));
        }
    }

    @Test
    void theHashIsThatOfTheFileOrOfSha256sumsListing() throws IOException {
        Path root = new SmallModel(false).directory(temp.resolve("model"), DType.F16);
        Files.writeString(root.resolve("README.md"), "not read, not counted");
        Path file = convert(Opened.of(root), f16());
        assertEquals(Sha256sum.ofListing(root, name -> !name.equals("README.md")),
                metadata(file).get("source_sha256"));
        assertEquals("model", metadata(file).get("source"));

        Path again = temp.resolve("again.safetensors");
        Outcome outcome = converter(Opened.of(file), f16()).write(again, bytes -> { });
        assertEquals(List.of(new Converter.Source("model.safetensors", Sha256sum.of(file))), outcome.sources());
    }

    @Test
    void withoutTheHashTheRestIsTheSame() throws IOException {
        var model = Opened.of(new SmallModel(false).directory(temp.resolve("model"), DType.F16));
        Path file = temp.resolve("unhashed.safetensors");
        Outcome outcome = converter(model, new Options(DType.F16, false, true, false)).write(file, bytes -> { });
        assertEquals(List.of(), outcome.sources());
        var expected = new TreeMap<>(metadata(convert(model, f16())));
        expected.remove("source_sha256");
        assertEquals(expected, new TreeMap<>(metadata(file)));
    }

    @Test
    void valuesBeyondF16AreRefusedOrSaturatedAndCounted() throws IOException {
        Path root = changed("unet", "conv_in.weight", 70000, -1e9f, 65519);
        String message = inputError(() -> convert(Opened.of(root), f16()));
        assertEquals("model: expected weights within the range of F16, found beyond it 2 of unet.conv_in.weight",
                message);
        assertNothingIn(temp.resolve("out"));

        var outcome = converter(Opened.of(root), new Options(DType.F16, true, true))
                .write(temp.resolve("saturated.safetensors"), bytes -> { });
        assertEquals(List.of(new Count("unet.conv_in.weight", 2)), outcome.overflowed());
        assertEquals(List.of(), outcome.notFinite());
        try (var file = SafetensorsFile.open(temp.resolve("saturated.safetensors"))) {
            float[] found = values(file, "unet.conv_in.weight");
            assertEquals(65504, found[0]);
            assertEquals(-65504, found[4]);     // the next pixel of the same channel stands 4 channels on
            assertEquals(65504, found[8]);
        }
        convert(Opened.of(root), new Options(DType.BF16, false, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "F32"})
    void whatIsNoNumberIsCounted(DType to) throws IOException {
        Path root = changed("text_encoder", "final_layer_norm.bias", Float.NaN, Float.NEGATIVE_INFINITY, 1);
        var outcome = converter(Opened.of(root), new Options(to, false, true))
                .write(temp.resolve("out.safetensors"), bytes -> { });
        assertEquals(List.of(new Count("text_encoder.final_layer_norm.bias", 2)), outcome.notFinite());
    }

    /** The small model in F32, with other values at the beginning of one tensor. */
    private Path changed(String component, String tensor, float... values) throws IOException {
        Path root = new SmallModel(false).directory(temp.resolve("model"), DType.F32);
        Path file = root.resolve(component).resolve(component.equals("unet") ? "diffusion_pytorch_model.safetensors"
                : "model.safetensors");
        var writer = new SafetensorsWriter();
        try (var old = SafetensorsFile.open(file)) {
            for (String name : old.names()) {
                float[] kept = values(old, name);
                System.arraycopy(values, 0, kept, 0, name.equals(tensor) ? values.length : 0);
                writer.floats(name, DType.F32, old.shape(name), kept);
            }
        }
        writer.write(file);
        return root;
    }

    @Test
    void aMissingTensorIsNamedBeforeAnythingIsWritten() throws IOException {
        Path root = new SmallModel(false).directory(temp.resolve("model"), DType.F16);
        Files.delete(root.resolve("vae/diffusion_pytorch_model.safetensors"));
        new MapWeights().put("encoder.conv_in.weight", List.of(1), () -> new float[1])
                .write(root.resolve("vae/diffusion_pytorch_model.safetensors"));
        assertTrue(inputError(() -> convert(Opened.of(root), f16()))
                .endsWith("tensor encoder.conv_in.weight: expected shape [32, 3, 3, 3], found [1]"));
        assertNothingIn(temp.resolve("out"));
    }

    @Test
    void aFailureHalfwayLeavesNothing() throws IOException {
        var model = Opened.of(new SmallModel(true).directory(temp.resolve("model"), DType.F16));
        var converter = converter(model, f16());
        Path out = Files.createDirectories(temp.resolve("out"));
        assertThrows(ArithmeticException.class, () -> converter.write(out.resolve("model.safetensors"), bytes -> {
            throw new ArithmeticException("halfway");
        }));
        assertNothingIn(out);
    }

    @Test
    void aKilledConversionLeavesNothingUnderTheFinalName() throws Exception {
        Path root = new SmallModel(true).directory(temp.resolve("model"), DType.F16);
        Path out = Files.createDirectories(temp.resolve("out"));
        Path model = Files.writeString(out.resolve("model.safetensors"), "as it was");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Stuck.class.getName(), root.toString(), model.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertEquals('h', process.getInputStream().read(), "halfway");
        process.destroyForcibly().waitFor();
        assertEquals("as it was", Files.readString(model));
    }

    /** A conversion that stops after its first tensor, and waits to be killed. */
    static final class Stuck {

        public static void main(String[] args) {
            converter(Opened.of(Path.of(args[0])), f16()).write(Path.of(args[1]), bytes -> {
                System.out.println("halfway");
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
    }

    @Test
    void anOutputThatCannotBeIsRefused() throws IOException {
        Path root = new SmallModel(true).directory(temp.resolve("model"), DType.F16);
        var converter = converter(Opened.of(root), f16());
        Path unet = root.resolve("unet/diffusion_pytorch_model.safetensors");
        assertEquals(unet + ": expected another file to write than what is read",
                inputError(() -> converter.write(unet, bytes -> { })));
        assertTrue(inputError(() -> converter.write(temp.resolve("none/x.safetensors"), bytes -> { }))
                .contains("in a folder that exists"));
        assertTrue(inputError(() -> converter.write(root, bytes -> { })).contains("something else of that name"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sd-1.5", "sd-2-base", "sd-2.1"})
    void randomModelsHaveThePublishedConfigurations(String name) {
        Opened model = new Opened(RandomModel.of(name, ModelSpec.of(null)));
        Path published = Fixtures.resource("published/" + name);
        assertEquals(UNetConfig.read(published.resolve("unet/config.json")), model.unet());
        assertEquals(VaeConfig.read(published.resolve("vae/config.json")), model.vae());
        assertEquals(ClipTextConfig.read(published.resolve("text_encoder/config.json")), model.textEncoder());
        assertEquals(ScheduleConfig.read(published.resolve("scheduler/scheduler_config.json")), model.schedule());
    }

    @Test
    void anUnknownRandomModelIsRefused() {
        String message = inputError(() -> RandomModel.of("sd-9", ModelSpec.of(null)));
        assertTrue(message.startsWith("random model: expected one of sd-1.5, sd-2-base, sd-2.1, "), message);
        assertTrue(message.endsWith(", found sd-9"), message);
    }

    private Path convert(Opened source, Options options) throws IOException {
        Path out = Files.createTempDirectory(Files.createDirectories(temp.resolve("out")), "")
                .resolve("model.safetensors");
        try {
            converter(source, options).write(out, bytes -> { });
        } finally {
            if (!Files.exists(out)) {
                Files.delete(out.getParent());      // fails unless it is empty
            }
        }
        return out;
    }

    private static Opened original(Path file, Path tokenizer) {
        return Opened.of(Opened.spec(file, 16, PredictionType.EPSILON, false, tokenizer));
    }

    private static Converter converter(Opened model, Options options) {
        return new Converter(model.checkpoint(), model.layout(), options);
    }

    private static Map<String, String> metadata(Path file) {
        try (var opened = SafetensorsFile.open(file)) {
            return opened.metadata();
        }
    }

    private static Options f16() {
        return new Options(DType.F16, false, false);
    }

    private static void assertNothingIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(), files.toList());
        }
    }
}
