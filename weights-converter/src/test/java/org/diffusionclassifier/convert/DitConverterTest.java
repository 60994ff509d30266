package org.diffusionclassifier.convert;

import static org.diffusionclassifier.testing.Fixtures.channelsLast;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.rounded;
import static org.diffusionclassifier.testing.Fixtures.tensors;
import static org.diffusionclassifier.testing.Fixtures.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.checkpoint.Opened;
import org.diffusionclassifier.testing.SmallDit;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.convert.Converter.Count;
import org.diffusionclassifier.convert.Converter.Options;
import org.diffusionclassifier.convert.Converter.Outcome;
import org.diffusionclassifier.convert.Converter.Source;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A DiT in either naming, with its autoencoder, in; one file out. */
class DitConverterTest {

    @TempDir
    Path temp;

    private Path original() {
        return SmallDit.original("").write(temp.resolve("DiT-S-2.safetensors"));
    }

    private Path convert(Opened source, Options options) throws IOException {
        Path file = Files.createTempDirectory(temp, "out").resolve("model.safetensors");
        converter(source, options).write(file, bytes -> { });
        return file;
    }

    private static Converter converter(Opened model, Options options) {
        return new Converter(model.checkpoint(), model.layout(), options);
    }

    private static Options as(DType dtype) {
        return new Options(dtype, false, true);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16"})
    void everyTensorIsTheSourcesWithFiltersChannelsLast(DType dtype) throws IOException {
        var source = Opened.of(SmallDit.directory(temp.resolve("model"), false));
        try (var written = SafetensorsFile.open(convert(source, as(dtype)));
                Weights vae = Fixtures.golden("vae-tiny")) {
            var expected = new ArrayList<String>();
            vae.names().stream().filter(name -> name.startsWith("encoder.") || name.startsWith("quant_conv."))
                    .forEach(name -> expected.add("vae." + name));
            SmallDit.diffusers().names().forEach(name -> expected.add("transformer." + name));
            assertEquals(expected.stream().sorted().toList(), written.names().stream().sorted().toList());
            assertTrue(written.tensors().values().stream().allMatch(tensor -> tensor.dtype() == dtype));
            for (String name : expected) {
                Weights of = name.startsWith("vae.") ? vae : SmallDit.diffusers();
                String there = name.substring(name.indexOf('.') + 1);
                assertArrayEquals(rounded(channelsLast(of, there), dtype), values(written, name), name);
            }
            assertEquals(List.of(SmallDit.WIDTH, 2, 2, 4), written.shape("transformer.pos_embed.proj.weight"));
        }
    }

    @Test
    void everyFormGivesTheSameTensors() throws IOException {
        Path vae = SmallDit.VAE;
        Path original = original();
        Map<String, byte[]> expected = tensors(convert(Opened.of(original, vae), as(DType.F16)));
        var fixture = new PytorchFixture();
        byte[] pt = fixture.zip(fixture.stateDict(SmallDit.original("")));
        var training = new PytorchFixture();
        byte[] checkpoint = training.zip(Map.of("ema", training.stateDict(SmallDit.original("")), "train_steps", 7L));
        Path directory = SmallDit.directory(temp.resolve("directory"), false);
        Path withoutVae = SmallDit.directory(temp.resolve("without"), true);
        Files.move(withoutVae.resolve("vae"), temp.resolve("vae"));
        List<Opened> forms = List.of(
                Opened.of(Files.write(temp.resolve("DiT-S-2.pt"), pt), vae),
                Opened.of(Files.write(temp.resolve("training.pt"), checkpoint), vae),
                Opened.of(directory, null),
                Opened.of(directory, vae),
                Opened.of(withoutVae, temp.resolve("vae")),
                Opened.of(convert(Opened.of(original, vae), as(DType.F32)), null));
        for (Opened form : forms) {
            Path file = convert(form, as(DType.F16));
            Map<String, byte[]> found = tensors(file);
            assertEquals(List.copyOf(expected.keySet()), List.copyOf(found.keySet()), form.checkpoint().source());
            expected.forEach((name, bytes) -> assertArrayEquals(bytes, found.get(name), form.checkpoint().source() + name));
            assertEquals(form.layout(), Opened.of(file).layout());
        }
    }

    /** ε of the MLPs' norms and the frequencies differ between the two implementations, whatever the weights. */
    @Test
    void theFileKeepsItsSourcesConfiguration() throws IOException {
        Path directory = SmallDit.directory(temp.resolve("directory"), false);
        Opened ofDirectory = Opened.of(convert(Opened.of(directory, null), as(DType.F16)));
        Opened ofFile = Opened.of(convert(Opened.of(original(), SmallDit.VAE), as(DType.F16)));
        assertEquals(new DitConfig(4, 4, 8, 2, 2, 6, 64, 5, 1e-5f, 1), ofDirectory.transformer());
        assertEquals(new DitConfig(4, 4, 8, 2, 2, 6, 64, 5, 1e-6f, 0), ofFile.transformer());
        assertEquals(SmallDit.LABELS, ofDirectory.labels());
        assertEquals(List.of(), ofFile.labels());
        assertEquals(VaeConfig.read(SmallDit.VAE.resolve("config.json")), ofFile.vae());
        assertEquals(new ScheduleConfig(1000, 1e-4, 0.02, ScheduleConfig.BetaSchedule.LINEAR,
                ScheduleConfig.PredictionType.EPSILON), ofFile.schedule());
    }

    @Test
    void theFileSaysWhereModelAndAutoencoderComeFrom() throws IOException {
        Path original = original();
        Path vae = Files.createDirectory(temp.resolve("sd-vae"));
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(SmallDit.VAE.resolve(file), vae.resolve(file));
        }
        Path file = temp.resolve("out.safetensors");
        Outcome outcome = converter(Opened.of(original, vae), as(DType.BF16)).write(file, bytes -> { });
        String ofModel = Sha256sum.of(original);
        String ofVae = Sha256sum.ofListing(vae, name -> true);
        assertEquals(List.of(new Source("DiT-S-2.safetensors", ofModel), new Source("sd-vae", ofVae)),
                outcome.sources());
        Map<String, String> metadata = metadata(file);
        assertEquals("DiT-S-2.safetensors", metadata.get("source"));
        assertEquals(ofModel, metadata.get("source_sha256"));
        assertEquals("sd-vae", metadata.get("vae_source"));
        assertEquals(ofVae, metadata.get("vae_source_sha256"));
    }

    @Test
    void aDirectoryIsOneSourceUnlessItsAutoencoderIsAnother() throws IOException {
        Path root = SmallDit.directory(temp.resolve("model"), false);
        Map<String, String> own = metadata(convert(Opened.of(root, null), as(DType.F16)));
        assertEquals("model", own.get("source"));
        assertEquals(Sha256sum.ofListing(root, name -> true), own.get("source_sha256"));
        assertFalse(own.containsKey("vae_source"));

        Map<String, String> other = metadata(convert(Opened.of(root, SmallDit.VAE), as(DType.F16)));
        assertEquals(Sha256sum.ofListing(root, name -> !name.startsWith("vae/")), other.get("source_sha256"));
        assertEquals("vae-tiny", other.get("vae_source"));
        assertEquals(Sha256sum.ofListing(SmallDit.VAE, name -> !name.startsWith("io.")),
                other.get("vae_source_sha256"));
    }

    private static Map<String, String> metadata(Path file) {
        try (var opened = SafetensorsFile.open(file)) {
            return opened.metadata();
        }
    }

    @Test
    void overflowIsRefusedOrCountedAndSoIsWhatIsNoNumber() throws IOException {
        float[] bias = new float[32];
        bias[3] = 70000;
        bias[4] = Float.NaN;
        bias[30] = Float.NEGATIVE_INFINITY;
        var tensors = SmallDit.original("").remove("final_layer.linear.bias")
                .put("final_layer.linear.bias", List.of(32), () -> bias);
        var source = Opened.of(tensors.write(temp.resolve("DiT.safetensors")), SmallDit.VAE);
        Path file = temp.resolve("out.safetensors");
        assertEquals("DiT.safetensors: expected weights within the range of F16, found beyond it 1 of "
                + "transformer.proj_out_2.bias",
                inputError(() -> converter(source, as(DType.F16)).write(file, bytes -> { })));
        assertFalse(Files.exists(file));
        Outcome outcome = converter(source, new Options(DType.F16, true, true)).write(file, bytes -> { });
        assertEquals(List.of(new Count("transformer.proj_out_2.bias", 1)), outcome.overflowed());
        assertEquals(List.of(new Count("transformer.proj_out_2.bias", 2)), outcome.notFinite());
    }

    @Test
    void aMissingTensorIsNamedBeforeAnythingIsWritten() {
        var tensors = SmallDit.original("").remove("blocks.1.mlp.fc2.bias");
        var source = Opened.of(tensors.write(temp.resolve("DiT.safetensors")), SmallDit.VAE);
        Path file = temp.resolve("out.safetensors");
        assertTrue(inputError(() -> converter(source, as(DType.F16)).write(file, bytes -> { }))
                .contains("no tensor blocks.1.mlp.fc2.bias"));
        assertFalse(Files.exists(file));
    }

    @Test
    void neitherSourceIsWrittenOver() throws IOException {
        Path root = SmallDit.directory(temp.resolve("model"), false);
        for (Path input : List.of(root.resolve("transformer/diffusion_pytorch_model.safetensors"),
                root.resolve("vae/diffusion_pytorch_model.safetensors"))) {
            for (Path vae : new Path[] {null, root.resolve("vae")}) {
                var converter = converter(Opened.of(root, vae), as(DType.F16));
                assertEquals(input + ": expected another file to write than what is read",
                        inputError(() -> converter.write(input, bytes -> { })));
            }
        }
    }

    @Test
    void aModelFileSaysWhichComponentsItHas() throws IOException {
        Path dit = convert(Opened.of(original(), SmallDit.VAE), as(DType.F16));
        Path diffusion = convert(Opened.of(new SmallModel(false).directory(temp.resolve("sd"), DType.F16)),
                as(DType.F16));
        assertEquals(Set.of("vae", "transformer"), Opened.of(dit).checkpoint().components());
        assertEquals(Set.of("text_encoder", "vae", "unet"), Opened.of(diffusion).checkpoint().components());
        assertEquals(diffusion + ": diffusion_classifier: transformer is missing (expected an object)",
                inputError(() -> Opened.of(diffusion).transformer()));
        assertEquals(dit + ": diffusion_classifier: unet is missing (expected an object)",
                inputError(() -> Opened.of(dit).unet()));
    }

    /** The header edited without a change of its length. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "format\\\":1             | format\\\":2             | format = 2",
        "freq_shift\\\":0.0       | freq_shift\\\":0.5       | freq_shift = 0.5",
        "\\\"epsilon\\\"          | \\\"v_predi\\\"          | prediction_type",
        "num_layers\\\":2         | num_layers\\\":0         | num_layers",
        "ada_norm_zero            | ada_norm_sing            | norm_type",
        "DiTTransformer2DModel    | XiTTransformer2DModel    | _class_name",
        "\\\"transformer\\\":{    | \\\"transformes\\\":{    | unet is missing",
        "channels-last            | channels-lust            | filters = channels-last"})
    void aDamagedFileIsRefused(String was, String is, String message) throws IOException {
        Path file = convert(Opened.of(original(), SmallDit.VAE), as(DType.F16));
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(was), was);
        Files.writeString(file, text.replace(was, is), StandardCharsets.ISO_8859_1);
        String refusal = inputError(() -> Opened.of(file).layout());
        assertTrue(refusal.startsWith(file.toString()) && refusal.contains(message), refusal);
    }

    @Test
    void everyFormIsInspected() throws IOException {
        Path root = SmallDit.directory(temp.resolve("model"), false);
        Path file = convert(Opened.of(root, null), as(DType.F16));
        Inspection ofFile = Inspection.of(file, Opened::layout);
        assertEquals(Inspection.Kind.MODEL_FILE, ofFile.kind());
        assertEquals(List.of("transformer", "vae", "scheduler", "id2label"),
                List.copyOf(ofFile.configurations().keySet()));
        assertEquals(List.of("vae", "transformer"),
                ofFile.components().stream().map(Inspection.Component::name).toList());
        assertEquals("model", ofFile.metadata().get("source"));
        Inspection ofDirectory = Inspection.of(root, Opened::layout);
        assertEquals(Inspection.Kind.DIFFUSERS_DIRECTORY, ofDirectory.kind());
        assertEquals(ofFile.configurations(), ofDirectory.configurations());
        assertEquals(ofFile.components().get(1).parameters(), ofDirectory.components().get(1).parameters());
        for (String prefix : List.of("", "ema.")) {
            Inspection ofOriginal = Inspection.of(SmallDit.original(prefix).write(temp.resolve("DiT.safetensors")),
                    Opened::layout);
            assertEquals(Inspection.Kind.ORIGINAL_DIT, ofOriginal.kind());
            assertTrue(ofOriginal.configurations().get("transformer").toString().contains("\"num_layers\":2"));
        }
        Inspection ofVae = Inspection.of(SmallDit.VAE, Opened::layout);
        assertEquals(Inspection.Kind.VAE_FOLDER, ofVae.kind());
        assertEquals(ofFile.configurations().get("vae"), ofVae.configurations().get("vae"));
    }
}
