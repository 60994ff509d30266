package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A model on a device that keeps some of its weights or none has the errors, to the bit, of one that keeps all. */
class StreamedWeightsTest {

    private static final List<String> CAPTIONS = List.of("a photo of a bag.", "a photo of a coat.");

    static List<DType> types() {
        return Devices.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void streamedWeightsGiveTheSameBits(DType type) {
        float[] expected = errors(type, WeightsBudget.unlimited());
        for (long kept : new long[] {0, 1 << 20, 4 << 20}) {
            var budget = WeightsBudget.of(kept);
            assertArrayEquals(expected, errors(type, budget), kept + " bytes kept");
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void soDoThoseOfADit(DType type, @TempDir Path folder) throws IOException {
        Path model = folder.resolve("model");
        GoldenDit.layOut(model);
        float[] expected = ditErrors(model, type, WeightsBudget.unlimited());
        for (long kept : new long[] {0, 1 << 17}) {
            assertArrayEquals(expected, ditErrors(model, type, WeightsBudget.of(kept)), kept + " bytes kept");
        }
    }

    private static float[] errors(DType type, WeightsBudget budget) {
        try (var bundled = BundledModel.open(); Device device = Devices.open(type, budget);
                var model = LoadedModel.of(bundled.root(), device);
                var scorer = model.scorer(CAPTIONS, new Noise.Seeded(5), Objective.L2, 4)) {
            return errors(scorer, budget, bundled);
        }
    }

    private static float[] ditErrors(Path folder, DType type, WeightsBudget budget) {
        try (var bundled = BundledModel.open(); Device device = Devices.open(type, budget);
                var model = LoadedModel.of(folder, device);
                var scorer = model.scorer(List.of("2", "8"), new Noise.Seeded(5), Objective.L2_VB, 4)) {
            return errors(scorer, budget, bundled);
        }
    }

    /** Of two batch shapes, the first of them twice: layers meet their second shape while they are streamed, too. */
    private static float[] errors(LatentScorer scorer, WeightsBudget budget, BundledModel bundled) {
        assertTrue(budget.isUnlimited() ? budget.streamed() == 0 : budget.streamed() > 0, budget.toString());
        scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
        var all = new ArrayList<Float>();
        for (int trials : new int[] {2, 1, 2}) {
            var round = new Round(TrialPlan.of(1000, List.of(trials), 1).stages().get(0), List.of(0, 1));
            for (float[] row : scorer.errors(round)) {
                for (float error : row) {
                    all.add(error);
                }
            }
        }
        float[] values = new float[all.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = all.get(i);
        }
        return values;
    }
}
