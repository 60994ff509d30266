package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.DitConfig;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.model.VaeEncoder;
import org.diffusionclassifier.model.dit.Dit;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.LoadedModel;
import org.diffusionclassifier.testing.NotingWeights;
import org.diffusionclassifier.testing.SmallDit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A converted DiT on the device under test: asked for in the order of the file, and giving what the source gives. The
 * blocks of the golden one have each its own embeddings of timestep and label, that of the original naming has not.
 */
@Tag("device")
class DitFileTest {

    private enum Naming { DIFFUSERS, ORIGINAL }

    @TempDir
    private Path temp;

    private ModelSpec source(Naming naming) throws IOException {
        Path directory = temp.resolve("model");
        GoldenDit.layOut(directory);
        return naming == Naming.DIFFUSERS ? ModelSpec.of(directory)
                : new ModelSpec(PytorchFixture.write(SmallDit.ofGoldenSize(), temp.resolve("DiT-S-2.pt")), null,
                        directory.resolve("vae"), null, null, null, false, List.of(), List.of(), null);
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
    @ParameterizedTest
    @EnumSource(Naming.class)
    void networksAskInTheOrderOfTheFile(Naming naming) throws IOException {
        Path converted = converted(source(naming));
        for (DType dtype : Devices.types()) {
            var asked = new ArrayList<String>();
            try (Device device = Devices.open(dtype); var model = Checkpoint.open(ModelSpec.of(converted))) {
                var vae = new NotingWeights(model.component("vae").weights(), "vae", asked);
                var transformer = new NotingWeights(model.component("transformer").weights(), "transformer", asked);
                new VaeEncoder(VaeConfig.read(model.component("vae").config()), vae, device).close();
                new Dit(DitConfig.read(model.component("transformer").config()), transformer, device).close();
            }
            try (var file = SafetensorsFile.open(converted)) {
                assertEquals(List.copyOf(file.names()), asked);
            }
        }
    }

    /** Whether its weights stay on the device or not. */
    @ParameterizedTest
    @EnumSource(Naming.class)
    void classifiesAsItsSourceDoesToTheBit(Naming naming) throws IOException {
        ModelSpec source = source(naming);
        ModelSpec file = ModelSpec.of(converted(source));
        for (DType dtype : Devices.types()) {
            float[][] expected = errors(source, dtype, WeightsBudget.unlimited());
            assertTrue(Stream.of(expected).allMatch(row -> row[0] > 0 && row[0] != row[1]));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.unlimited()));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.of(1 << 17)));
        }
    }

    private static float[][] errors(ModelSpec source, DType dtype, WeightsBudget budget) {
        try (var bundled = BundledModel.open(); Device device = Devices.open(dtype, budget);
                var model = LoadedModel.of(source, device);
                var scorer = model.scorer(List.of("2", "8"), new Noise.Seeded(5), Objective.L2_VB, 4)) {
            assertTrue(budget.isUnlimited() || budget.streamed() > 0, budget.toString());
            scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
            return scorer.errors(new Round(TrialPlan.of(1000, List.of(2), 1).stages().get(0), List.of(0, 1)));
        }
    }
}
