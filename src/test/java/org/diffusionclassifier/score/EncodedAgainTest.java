package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.GoldenDit;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An open model takes one list of prompts after another, and scores by several at a time. */
class EncodedAgainTest {

    private static final Noise NOISE = new Noise.Seeded(4);

    @Test
    void captionsMayBeEncodedAgainAndAgain() {
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(bundled.root(), device)) {
            check(model, bundled, "a photo of a bag.", "a photo of a coat.", "a photo of a dress.");
        }
    }

    @Test
    void soMayLabels(@TempDir Path folder) throws IOException {
        Path directory = folder.resolve("model");
        GoldenDit.layOut(directory);
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(directory, device)) {
            check(model, bundled, "2", "8", "3");
        }
    }

    /** In another order, beside others, and while the first scorer is still in use. */
    private static void check(LoadedModel model, BundledModel bundled, String one, String two, String three) {
        var picture = ImageDecoder.read(bundled.images().resolve("bag-0.png"));
        var trials = TrialPlan.of(1000, List.of(3), 1).stages().get(0);
        try (var first = model.scorer(List.of(one, two), NOISE, Objective.L2, 4);
                var second = model.scorer(List.of(two, three, one), NOISE, Objective.L2, 4);
                var third = model.scorer(List.of(three), NOISE, Objective.L2, 4)) {
            List.of(first, second, third).forEach(scorer -> scorer.show(picture));
            float[][] expected = first.errors(new Round(trials, List.of(0, 1)));
            float[][] others = second.errors(new Round(trials, List.of(0, 1, 2)));
            float[][] alone = third.errors(new Round(trials, List.of(0)));
            for (int i = 0; i < trials.size(); i++) {
                assertEquals(expected[i][0], others[i][2], 1e-5 * expected[i][0]);
                assertEquals(expected[i][1], others[i][0], 1e-5 * expected[i][1]);
                assertEquals(others[i][1], alone[i][0], 1e-5 * alone[i][0]);
            }
        }
    }
}
