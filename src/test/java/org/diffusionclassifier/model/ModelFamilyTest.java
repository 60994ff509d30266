package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.SmallDit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which family a checkpoint is of, and what families refuse in it, whichever form it is in. */
class ModelFamilyTest {

    @TempDir
    private Path folder;
    private Path diffusion;
    private Path dit;

    @BeforeEach
    void layOutModels() throws IOException {
        diffusion = folder.resolve("sd");
        dit = folder.resolve("dit");
        GoldenDit.layOut(dit);
        try (var bundled = BundledModel.open()) {
            for (String part : List.of("unet", "vae", "text_encoder", "tokenizer", "scheduler")) {
                copy(bundled.root().resolve(part), diffusion.resolve(part));
            }
            Files.copy(bundled.root().resolve("model_index.json"), diffusion.resolve("model_index.json"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }

    private static Layout layout(Path path) {
        return layout(ModelSpec.of(path));
    }

    private static Layout layout(ModelSpec spec) {
        try (var checkpoint = Checkpoint.open(spec)) {
            return ModelFamily.of(checkpoint).layout(checkpoint);
        }
    }

    private static String refused(ModelSpec spec) {
        return assertThrows(InputException.class, () -> layout(spec)).getMessage();
    }

    private Path converted(Path source) {
        Path file = folder.resolve("converted.safetensors");
        try (var checkpoint = Checkpoint.open(ModelSpec.of(source))) {
            new Converter(checkpoint, ModelFamily.of(checkpoint).layout(checkpoint),
                    new Converter.Options(DType.F16, false, true)).write(file, bytes -> { });
        }
        return file;
    }

    private static void edit(Path file, String was, String is) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains(was), text.substring(0, Math.min(text.length(), 4000)));
        Files.writeString(file, text.replace(was, is), StandardCharsets.ISO_8859_1);
    }

    @Test
    void everyFormOfAModelHasTheSameLayout() {
        for (Path source : List.of(diffusion, dit)) {
            assertEquals(layout(source), layout(converted(source)));
        }
        Path original = SmallDit.ofGoldenSize().write(folder.resolve("DiT-S-2.safetensors"));
        var spec = new ModelSpec(original, null, dit.resolve("vae"), null, null, null, false, List.of(), List.of(), null);
        assertEquals(List.of("vae", "transformer"),
                layout(spec).parts().stream().map(Layout.Part::component).toList());
    }

    @Test
    void labelsAreThoseOfADit() {
        for (Path path : List.of(dit, diffusion)) {
            try (var checkpoint = Checkpoint.open(ModelSpec.of(path))) {
                assertEquals(path == dit ? Optional.of("tench, Tinca tinca") : Optional.empty(),
                        ModelFamily.of(checkpoint).labels(checkpoint).map(labels -> labels.get(0)));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "unet/config.json | cross_attention_dim\\\": | 128 | 768 | cross_attention_dim = 128 as hidden_size in ROOT/text_encoder/config.json, found 768",
        "unet/config.json | in_channels\\\":  | 4 | 5 | in_channels = 4 as latent_channels in ROOT/vae/config.json, found 5",
        "unet/config.json | in_channels\\\":  | 4 | 9 | as the latent has: this is a model for inpainting; take the one that it was made from)",
        "unet/config.json | out_channels\\\": | 4 | 8 | out_channels = 4 as latent_channels in ROOT/vae/config.json, found 8",
        "vae/config.json  | in_channels\\\":  | 3 | 1 | in_channels = 1 is not supported (expected 3, as images are RGB)"})
    void partsThatDoNotFitAreNamedBoth(String file, String key, String was, String is, String message) throws IOException {
        String quoted = "\"" + key.replace("\\", "");
        edit(diffusion.resolve(file), quoted + " " + was, quoted + " " + is);
        String found = refused(ModelSpec.of(diffusion));
        assertTrue(found.startsWith(diffusion.resolve(file) + ": ")
                && found.endsWith(message.replace("ROOT", diffusion.toString())), found);
    }

    @Test
    void soAreThoseOfAConvertedModel() throws IOException {
        Path file = converted(diffusion);
        edit(file, "cross_attention_dim\\\":128", "cross_attention_dim\\\":768");
        assertEquals(file + ": diffusion_classifier: unet: expected cross_attention_dim = 128 as hidden_size in " + file
                + ": diffusion_classifier: text_encoder, found 768", refused(ModelSpec.of(file)));
        file = converted(dit);
        edit(file, "latent_channels\\\":4", "latent_channels\\\":8");
        assertEquals(file + ": diffusion_classifier: vae: expected latent_channels = 4 as in_channels in " + file
                + ": diffusion_classifier: transformer, found 8", refused(ModelSpec.of(file)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "model_index.json | {\"_class_name\": \"PixArtAlphaPipeline\"} | _class_name",
        "scheduler/scheduler_config.json | {\"_class_name\": \"DDIMScheduler\", \"prediction_type\": \"v_prediction\"} "
                + "| expected epsilon",
        "scheduler/scheduler_config.json | {\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"} | _class_name"})
    void aDitRefusesAnotherKindOfModel(String file, String json, String part) throws IOException {
        Files.writeString(dit.resolve(file), json);
        String message = refused(ModelSpec.of(dit));
        assertTrue(message.startsWith(dit.resolve(file) + ": ") && message.contains(part), message);
    }

    @Test
    void aDitRefusesAnAutoencoderOfOtherLatents() throws IOException {
        Path config = dit.resolve("vae/config.json");
        edit(config, "\"latent_channels\": 4", "\"latent_channels\": 16");
        String message = refused(ModelSpec.of(dit));
        assertTrue(message.startsWith(config + ": expected latent_channels = 4") && message.endsWith("found 16"),
                message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "unet | ControlNetModel | a ControlNet, which steers another model, which is not supported: take the model that",
        "unet | UNet3DConditionModel | a model of videos",
        "unet | UNetSpatioTemporalConditionModel | a model of videos",
        "unet | StableCascadeUNet | Stable Cascade",
        "transformer | FluxTransformer2DModel | Flux, which is not supported: take a model of Stable Diffusion 1, 2 or 3, SDXL or",
        "transformer | HunyuanVideoTransformer3DModel | a model of videos",
        "transformer | PixArtTransformer2DModel | a transformer conditioned on captions"})
    void modelsOfOtherKindsAreRefusedByName(String network, String name, String what) throws IOException {
        Path root = network.equals("unet") ? diffusion : dit;
        Path config = root.resolve(network).resolve("config.json");
        Files.writeString(config, "{\"_class_name\": \"" + name + "\"}");
        String message = refused(ModelSpec.of(root));
        assertTrue(message.startsWith(config + ": " + name + " is " + what), message);
    }

    @Test
    void quantisedWeightsAreRefused() throws IOException {
        Path config = diffusion.resolve("unet/config.json");
        edit(config, "\"in_channels\":", "\"quantization_config\": {\"quant_method\": \"bitsandbytes\"}, \"in_channels\":");
        assertEquals(config + ": its weights are quantised by \"bitsandbytes\": take the model's 16-bit weights",
                refused(ModelSpec.of(diffusion)));
    }

    @Test
    void whatNoFamilyKnowsIsNamed() throws IOException {
        Files.move(diffusion.resolve("unet"), folder.resolve("unet"));
        String message = refused(ModelSpec.of(diffusion));
        assertTrue(message.startsWith(diffusion + ": expected a model of ")
                && message.contains("Stable Diffusion (text_encoder, vae, unet)")
                && message.contains("DiT (vae, transformer)") && message.contains("Tiny (tiny)")
                && message.endsWith(", found text_encoder, vae"), message);
    }

    @Test
    void fieldsThatDoNotSuitTheFamilyAreNamed() {
        assertEquals("vae: expected with a DiT, as other models have their own",
                refused(new ModelSpec(diffusion, null, dit.resolve("vae"), null, null, null, false, List.of(), List.of(),
                        null)));
        assertTrue(refused(new ModelSpec(diffusion, null, null, dit, null, null, false, List.of(), List.of(), null))
                .startsWith("labels: expected with a model that is conditioned on labels"));
        assertEquals("lora: expected with Stable Diffusion, not with a DiT", refused(new ModelSpec(dit, null, null, null,
                null, null, false, List.of(new ModelSpec.LoraSpec(folder.resolve("none"), 1)), List.of(), null)));
    }
}
