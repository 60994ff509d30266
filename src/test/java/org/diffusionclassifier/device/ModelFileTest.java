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
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.ModelFile;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ClipTextEncoder;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.model.UNet;
import org.diffusionclassifier.model.VaeEncoder;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.StableDiffusionScorer;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.NotingWeights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A converted model on the device under test: asked for in the order of the file, and giving what the source gives. */
class ModelFileTest {

    private static final Path GOLDEN = Path.of("test/resources/golden");
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
        ModelFile model = converted(DiffusersDirectory.open(assembled(unetCase, textCase)));
        for (DType dtype : Devices.types()) {
            var asked = new ArrayList<String>();
            try (Device device = Devices.open(dtype);
                    Weights text = new NotingWeights(model.textEncoderWeights(), "text_encoder", asked);
                    Weights vae = new NotingWeights(model.vaeWeights(), "vae", asked);
                    Weights unet = new NotingWeights(model.unetWeights(), "unet", asked)) {
                new ClipTextEncoder(model.textEncoder(), text, device).close();
                new VaeEncoder(model.vae(), vae, device).close();
                new UNet(model.unet(), unet, device).close();
            }
            try (var file = SafetensorsFile.open(temp.resolve("model.safetensors"))) {
                List<String> inFile = file.names().stream().filter(name -> !name.startsWith("tokenizer.")).toList();
                assertEquals(inFile, asked);
            }
        }
    }

    @Test
    void classifiesAsItsSourceDoesToTheBit() {
        ModelSource source = DiffusersDirectory.open(bundled.root());
        ModelSource file = converted(source);
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

    private Prediction classify(ModelSource source, DType dtype) {
        try (Device device = Devices.open(dtype);
                var model = new StableDiffusion(source, device);
                var scorer = new StableDiffusionScorer(model, device, PROMPTS, new Noise.Seeded(0), Loss.L2, 4)) {
            var strategy = new StagedElimination(TrialPlan.of(1000, List.of(2), 1), List.of(1), PROMPTS.size());
            return new AdaptiveEvaluation(scorer, strategy).classify(ImageDecoder.read(bundled.images().resolve("bag-1.png")));
        }
    }

    /** In float32, which keeps every value of the source. */
    private ModelFile converted(ModelSource source) {
        Path file = temp.resolve("model.safetensors");
        new Converter(source, new Converter.Options(DType.F32, false, true)).write(file, bytes -> { });
        assertTrue(ModelFile.isOne(file));
        return ModelFile.open(file);
    }

    /** A diffusers directory of golden models, with the bundled one's tokenizer and schedule. */
    private Path assembled(String unet, String text) throws IOException {
        Path root = temp.resolve("assembled");
        copy(GOLDEN.resolve(unet), root.resolve("unet"));
        copy(GOLDEN.resolve("vae-tiny"), root.resolve("vae"));
        copy(GOLDEN.resolve(text), root.resolve("text_encoder"));
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
