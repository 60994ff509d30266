package org.diffusionclassifier.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.score.Evidence;
import org.diffusionclassifier.score.Noise;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole classifier by the CUDA kernels, in float16, against the CPU in float32: bundled model, bundled pictures. */
@Tag("cuda")
class ClassificationOnCudaTest {

    private static final List<String> PROMPTS = List.of("a photo of a bag.", "a photo of a sneaker.",
            "a photo of a pair of trousers.", "a photo of a dress.");

    @ParameterizedTest
    @CsvSource({"bag-1.png,L2", "sneaker-0.png,L1", "pair-of-trousers-2.png,HUBER"})
    void agreesWithTheCpu(String picture, Objective loss) {
        Prediction cuda = classify(Devices.openCuda(), picture, loss, 5);
        assertAgree(classify(new CpuDevice(DType.F32), picture, loss, 64), cuda);
    }

    @Test
    void oursAgreeWithTheVendors() {
        List<Integer> one = List.of(1);
        Prediction vendor = classify(Devices.openCuda(Kernels.VENDOR), "bag-1.png", Objective.L2, 3, one, one);
        assertAgree(vendor, classify(Devices.openCuda(Kernels.NATIVE), "bag-1.png", Objective.L2, 3, one, one));
    }

    /** Where the errors lie, too, and in which of the two it is larger. */
    @Test
    void mapsAgreeWithTheCpu() {
        double[] cuda = evidence(Devices.openCuda(), 5);
        double[] cpu = evidence(new CpuDevice(DType.F32), 64);
        double largest = Arrays.stream(cpu).map(Math::abs).max().orElseThrow();
        assertArrayEquals(cpu, cuda, 0.05 * largest);
    }

    private static double[] evidence(Device opened, int batchSize) {
        try (Device device = opened; var bundled = BundledModel.open();
                var model = LoadedModel.of(bundled.root(), device);
                var scorer = model.scorer(PROMPTS, new Noise.Seeded(0), Objective.L2, batchSize)) {
            scorer.show(ImageDecoder.read(bundled.images().resolve("bag-1.png")));
            var trials = TrialPlan.of(1000, List.of(3), 1).stages().get(0);
            return Evidence.between(new PromptErrors(0, trials, new float[3]), new PromptErrors(1, trials, new float[3]),
                    scorer).difference();
        }
    }

    private static void assertAgree(Prediction expected, Prediction actual) {
        assertEquals(expected.winner().prompt(), actual.winner().prompt());
        for (PromptErrors errors : expected.ranking()) {
            PromptErrors others = of(errors.prompt(), actual);
            assertEquals(errors.trials(), others.trials());
            for (int i = 0; i < errors.errors().length; i++) {
                assertEquals(errors.errors()[i], others.errors()[i], 0.01 * errors.errors()[i]);
            }
        }
    }

    @Test
    void theSameCommandGivesTheSameBits() {
        List<Integer> one = List.of(1);
        Prediction first = classify(Devices.openCuda(), "coat-0.png", Objective.L2, 8, one, one);
        Prediction second = classify(Devices.openCuda(), "coat-0.png", Objective.L2, 8, one, one);
        for (PromptErrors expected : first.ranking()) {
            assertArrayEquals(expected.errors(), of(expected.prompt(), second).errors());
        }
    }

    private static PromptErrors of(int prompt, Prediction prediction) {
        return prediction.ranking().stream().filter(errors -> errors.prompt() == prompt).findFirst().orElseThrow();
    }

    private static Prediction classify(Device opened, String picture, Objective loss, int batchSize) {
        return classify(opened, picture, loss, batchSize, List.of(2, 3), List.of(2, 1));
    }

    private static Prediction classify(Device opened, String picture, Objective loss, int batchSize, List<Integer> samples,
                                       List<Integer> toKeep) {
        try (Device device = opened; var bundled = BundledModel.open();
                var model = LoadedModel.of(bundled.root(), device);
                var scorer = model.scorer(PROMPTS, new Noise.Seeded(0), loss, batchSize)) {
            var strategy = new StagedElimination(TrialPlan.of(1000, samples, 1), toKeep, PROMPTS.size());
            return new AdaptiveEvaluation(scorer, strategy).classify(ImageDecoder.read(bundled.images().resolve(picture)));
        }
    }
}
