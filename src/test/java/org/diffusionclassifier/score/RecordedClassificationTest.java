package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.StagedElimination;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Whole classifications by the bundled model, from picture to prediction, against recordings of the reference
 * implementation (diffusers and PyTorch in float32, the paper's algorithm): golden/classify-demo.json.
 */
class RecordedClassificationTest {

    private static final Path RECORDING = Golden.of("classify-demo.json");

    @TestFactory
    Stream<DynamicTest> matchesTheRecording() throws IOException {
        JsonNode recording = new ObjectMapper().readTree(RECORDING.toFile());
        List<String> prompts = texts(recording.get("prompts"));
        return StreamSupport.stream(recording.get("cases").spliterator(), false).map(recorded ->
                dynamicTest(recorded.get("image").textValue(), () -> check(recorded, prompts)));
    }

    private static void check(JsonNode recorded, List<String> prompts) {
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(bundled.root(), device)) {
            RgbImage image = ImageDecoder.read(bundled.root().resolve(recorded.get("image").textValue()));
            var channel0 = new double[8];
            float[] latent = model.latent(image);
            for (int i = 0; i < channel0.length; i++) {
                channel0[i] = latent[4 * i];
                assertEquals(recorded.get("latent_first").get(i).doubleValue(), channel0[i], 1e-4, "latent " + i);
            }

            var noise = new Noise.Seeded(Long.parseUnsignedLong(recorded.get("seed").textValue()));
            Objective loss = Objective.parse(recorded.get("loss").textValue());
            TrialPlan plan = TrialPlan.of(1000, integers(recorded.get("n_samples")), 1);
            var strategy = new StagedElimination(plan, integers(recorded.get("to_keep")), prompts.size());
            Prediction prediction;
            try (var scorer = model.scorer(prompts, noise, loss, 64)) {
                prediction = new AdaptiveEvaluation(scorer, strategy).classify(image);
            }

            assertEquals(recorded.get("predicted").intValue(), prediction.winner().prompt());
            for (PromptErrors actual : prediction.ranking()) {
                JsonNode expected = recorded.get("errors").get(String.valueOf(actual.prompt()));
                assertEquals(expected.size(), actual.errors().length, "pairs of prompt " + actual.prompt());
                for (int i = 0; i < expected.size(); i++) {
                    var trial = new Trial(expected.get(i).get("timestep").intValue(),
                            expected.get(i).get("noise_index").intValue());
                    assertEquals(trial, actual.trials().get(i));
                    double error = expected.get(i).get("error").doubleValue();
                    assertEquals(error, actual.errors()[i], 1e-4 * error, "prompt " + actual.prompt() + " at " + trial);
                }
            }
        }
    }

    @Test
    void aBatchSizeMovesErrorsByRoundingOnly() {
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(bundled.root(), device)) {
            RgbImage image = ImageDecoder.read(bundled.images().resolve("bag-0.png"));
            List<String> prompts = List.of("a photo of a bag.", "a photo of a coat.", "a photo of a dress.");
            TrialPlan plan = TrialPlan.of(1000, List.of(4, 9), 1);
            var predictions = new ArrayList<Prediction>();
            for (int batchSize : new int[] {1, 7, 64}) {
                try (var scorer = model.scorer(prompts, new Noise.Seeded(3), Objective.L2,
                        batchSize)) {
                    var strategy = new StagedElimination(plan, List.of(2, 1), prompts.size());
                    predictions.add(new AdaptiveEvaluation(scorer, strategy).classify(image));
                }
            }
            Prediction first = predictions.get(0);
            assertEquals(3 * 4 + 2 * 5, first.pairs());
            for (Prediction other : predictions) {
                for (int rank = 0; rank < first.ranking().size(); rank++) {
                    PromptErrors expected = first.ranking().get(rank);
                    PromptErrors actual = other.ranking().get(rank);
                    assertEquals(expected.prompt(), actual.prompt());
                    assertEquals(expected.trials(), actual.trials());
                    for (int i = 0; i < expected.errors().length; i++) {
                        assertEquals(expected.errors()[i], actual.errors()[i], 1e-5 * expected.errors()[i]);
                    }
                }
            }
        }
    }

    @Test
    void bfloat16AgreesWithFloat32OnEasyPictures() {
        Devices.require(DType.BF16);
        for (String picture : List.of("sneaker-0", "bag-0", "pair-of-trousers-0")) {
            assertEquals(classify(picture, DType.F32), classify(picture, DType.BF16), picture);
        }
    }

    private static int classify(String picture, DType dtype) {
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(dtype);
                var model = LoadedModel.of(bundled.root(), device)) {
            List<String> prompts = List.of("a photo of a bag.", "a photo of a pair of trousers.", "a photo of a sneaker.",
                    "a photo of a shirt.");
            var strategy = new StagedElimination(TrialPlan.of(1000, List.of(10), 1), List.of(1), prompts.size());
            try (var scorer = model.scorer(prompts, new Noise.Seeded(0), Objective.L2, 40)) {
                int winner = new AdaptiveEvaluation(scorer, strategy)
                        .classify(ImageDecoder.read(bundled.images().resolve(picture + ".png"))).winner().prompt();
                assertTrue(prompts.get(winner).contains(picture.substring(0, picture.lastIndexOf('-')).replace('-', ' ')));
                return winner;
            }
        }
    }

    private static List<Integer> integers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::intValue).toList();
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::textValue).toList();
    }
}
