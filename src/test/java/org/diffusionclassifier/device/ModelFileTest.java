package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.VaeEncoder;
import org.diffusionclassifier.model.text.ClipTextEncoder;
import org.diffusionclassifier.model.stablediffusion.UNet;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.LoadedModel;
import org.diffusionclassifier.testing.NotingWeights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A converted model on the device under test: asked for in the order of the file, and giving what the source gives. */
@Tag("device")
class ModelFileTest {

    private static final List<String> PROMPTS = List.of("a photo of a bag.", "a photo of a dress.");

    @TempDir
    private Path temp;
    private BundledModel bundled;

    @BeforeEach
    void openBundled() {
        bundled = BundledModel.open();
    }

    /** Else the file would have to be read to and fro. */
    @ParameterizedTest
    @CsvSource({"unet-sd1-tiny,clip-text-sd1-tiny", "unet-sd2-tiny,clip-text-sd2-tiny"})
    void networksAskInTheOrderOfTheFile(String unetCase, String textCase) throws IOException {
        Path converted = converted(assembled(unetCase, textCase));
        for (DType dtype : Devices.types()) {
            var asked = new ArrayList<String>();
            try (Device device = Devices.open(dtype); var model = Checkpoint.open(ModelSpec.of(converted))) {
                new ClipTextEncoder(ClipTextConfig.read(model.component("text_encoder").config()),
                        noting(model, "text_encoder", asked), device).close();
                new VaeEncoder(VaeConfig.read(model.component("vae").config()), noting(model, "vae", asked), device)
                        .close();
                new UNet(UNetConfig.read(model.component("unet").config()), noting(model, "unet", asked), device).close();
            }
            try (var file = SafetensorsFile.open(converted)) {
                List<String> inFile = file.names().stream().filter(name -> !name.startsWith("tokenizer.")).toList();
                assertEquals(inFile, asked);
            }
        }
    }

    private static Weights noting(Checkpoint model, String component, List<String> asked) {
        return new NotingWeights(model.component(component).weights(), component, asked);
    }

    @Test
    void classifiesAsItsSourceDoesToTheBit() {
        Path source = bundled.root();
        Path file = converted(source);
        for (DType dtype : Devices.types()) {
            assertSame(classify(source, dtype), classify(file, dtype));
        }
    }

    private static void assertSame(Prediction expected, Prediction actual) {
        assertEquals(expected.ranking().size(), actual.ranking().size());
        for (int i = 0; i < expected.ranking().size(); i++) {
            assertEquals(expected.ranking().get(i).prompt(), actual.ranking().get(i).prompt());
            assertArrayEquals(expected.ranking().get(i).errors(), actual.ranking().get(i).errors());
        }
    }

    private Prediction classify(Path source, DType dtype) {
        try (Device device = Devices.open(dtype);
                var model = LoadedModel.of(source, device);
                var scorer = model.scorer(PROMPTS, new Noise.Seeded(0), Objective.L2, 4)) {
            var strategy = new StagedElimination(TrialPlan.of(1000, List.of(2), 1), List.of(1), PROMPTS.size());
            return new AdaptiveEvaluation(scorer, strategy).classify(ImageDecoder.read(bundled.images().resolve("bag-1.png")));
        }
    }

    /** In float32, which keeps every value of the source. */
    private Path converted(Path source) {
        Path file = temp.resolve("model.safetensors");
        try (var checkpoint = Checkpoint.open(ModelSpec.of(source))) {
            new Converter(checkpoint, ModelFamily.of(checkpoint).layout(checkpoint),
                    new Converter.Options(DType.F32, false, true)).write(file, bytes -> { });
        }
        return file;
    }

    /** A diffusers directory of golden models, with the bundled one's tokenizer and schedule. */
    private Path assembled(String unet, String text) throws IOException {
        Path root = temp.resolve("assembled");
        copy(Golden.of(unet), root.resolve("unet"));
        copy(Golden.of("vae-tiny"), root.resolve("vae"));
        copy(Golden.of(text), root.resolve("text_encoder"));
        copy(bundled.root().resolve("tokenizer"), root.resolve("tokenizer"));
        copy(bundled.root().resolve("scheduler"), root.resolve("scheduler"));
        Files.copy(bundled.root().resolve("model_index.json"), root.resolve("model_index.json"));
        return root;
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }
}
