package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.checkpoint.DitFile;
import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ClassConditional;
import org.diffusionclassifier.model.Dit;
import org.diffusionclassifier.model.VaeEncoder;
import org.diffusionclassifier.pytorch.PytorchFixture;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.score.DitScorer;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.NotingWeights;
import org.diffusionclassifier.testing.SmallDit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A converted DiT on the device under test: asked for in the order of the file, and giving what the source gives. The
 * blocks of the golden one are told timestep and label each by weights of its own, that of the original naming is not.
 */
@Tag("device")
class DitFileTest {

    private enum Naming { DIFFUSERS, ORIGINAL }

    @TempDir
    private Path temp;

    private DitSource source(Naming naming) throws IOException {
        Path directory = temp.resolve("model");
        GoldenDit.layOut(directory);
        return naming == Naming.DIFFUSERS ? DitSource.open(directory, null)
                : DitSource.open(PytorchFixture.write(SmallDit.ofGoldenSize(), temp.resolve("DiT-S-2.pt")),
                        directory.resolve("vae"));
    }

    /** In float32, which keeps every value of the source. */
    private DitFile converted(DitSource source) {
        Path file = temp.resolve("model.safetensors");
        new Converter(source, new Converter.Options(DType.F32, false, true)).write(file, bytes -> { });
        assertTrue(DitFile.isOne(file));
        return DitFile.open(file);
    }

    /** Else the file would have to be read to and fro. */
    @ParameterizedTest
    @EnumSource(Naming.class)
    void networksAskInTheOrderOfTheFile(Naming naming) throws IOException {
        DitFile model = converted(source(naming));
        for (DType dtype : Devices.types()) {
            var asked = new ArrayList<String>();
            try (Device device = Devices.open(dtype);
                    Weights vae = new NotingWeights(model.vaeWeights(), "vae", asked);
                    Weights transformer = new NotingWeights(model.transformerWeights(), "transformer", asked)) {
                new VaeEncoder(model.vae(), vae, device).close();
                new Dit(model.transformer(), transformer, device).close();
            }
            try (var file = SafetensorsFile.open(model.file())) {
                assertEquals(List.copyOf(file.names()), asked);
            }
        }
    }

    /** Whether its weights stay on the device or not. */
    @ParameterizedTest
    @EnumSource(Naming.class)
    void classifiesAsItsSourceDoesToTheBit(Naming naming) throws IOException {
        DitSource source = source(naming);
        DitFile file = converted(source);
        for (DType dtype : Devices.types()) {
            float[][] expected = errors(source, dtype, WeightsBudget.unlimited());
            assertTrue(Stream.of(expected).allMatch(row -> row[0] > 0 && row[0] != row[1]));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.unlimited()));
            assertArrayEquals(expected, errors(file, dtype, WeightsBudget.of(1 << 17)));
        }
    }

    private static float[][] errors(DitSource source, DType dtype, WeightsBudget budget) {
        try (var bundled = BundledModel.open(); Device device = Devices.open(dtype, budget);
                var model = new ClassConditional(source, device);
                var scorer = new DitScorer(model, device, List.of(2, 8), new Noise.Seeded(5), Objective.L2_VB, 4)) {
            assertTrue(budget.isUnlimited() || budget.streamed() > 0, budget.toString());
            scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
            return scorer.errors(new Round(TrialPlan.of(1000, List.of(2), 1).stages().get(0), List.of(0, 1)));
        }
    }
}
