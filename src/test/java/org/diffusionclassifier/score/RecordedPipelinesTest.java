package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Whole pipelines, from captions and a bundled picture to the error of each pair, against recordings of the reference
 * implementation (diffusers in float32): those that {@code pipelines.json} of the golden files, or of {@code -Dgolden=DIR},
 * names, each in a diffusers directory of its name.
 */
class RecordedPipelinesTest {

    @TestFactory
    Stream<DynamicTest> matchTheRecording() throws IOException {
        Path recording = Golden.cases().resolve("pipelines.json");
        if (!Files.exists(recording)) {
            return Stream.empty();      // a folder with networks alone
        }
        JsonNode pipelines = new ObjectMapper().readTree(recording.toFile());
        return pipelines.properties().stream().filter(pipeline -> pipeline.getValue().has("pairs"))
                .map(pipeline -> dynamicTest(pipeline.getKey(), () -> check(pipeline.getKey(), pipeline.getValue())));
    }

    private static void check(String name, JsonNode recorded) {
        List<String> captions = StreamSupport.stream(recorded.get("captions").spliterator(), false)
                .map(JsonNode::textValue).toList();
        var noise = new Noise.Seeded(Long.parseUnsignedLong(recorded.get("seed").textValue()));
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(Golden.cases().resolve(name), device)) {
            var image = ImageDecoder.read(bundled.images().resolve(recorded.get("image").textValue()));
            for (Objective objective : List.of(Objective.L2, Objective.L1)) {
                try (var scorer = model.scorer(captions, noise, objective, 5)) {    // no multiple of the captions
                    scorer.show(image);
                    checkErrors(scorer, recorded.get("pairs"), objective);
                }
            }
            float[] latent = model.latent(image);
            int channels = model.model().latents().channels();
            for (int i = 0; i < recorded.get("latent_first").size(); i++) {
                assertEquals(recorded.get("latent_first").get(i).doubleValue(), latent[channels * i], 1e-4, "latent " + i);
            }
        }
    }

    private static void checkErrors(Scorer scorer, JsonNode pairs, Objective objective) {
        List<Trial> trials = StreamSupport.stream(pairs.spliterator(), false).map(RecordedPipelinesTest::trial).distinct()
                .toList();
        List<Integer> prompts = StreamSupport.stream(pairs.spliterator(), false)
                .map(pair -> pair.get("caption").intValue()).distinct().sorted().toList();
        assertTrue(trials.size() > 1 && prompts.size() > 1, "several trials of several captions");
        float[][] errors = scorer.errors(new Round(trials, prompts));
        for (JsonNode pair : pairs) {
            double expected = pair.get(objective == Objective.L2 ? "error_l2" : "error_l1").doubleValue();
            int caption = pair.get("caption").intValue();
            assertEquals(expected, errors[trials.indexOf(trial(pair))][prompts.indexOf(caption)], 1e-4 * expected,
                    objective + " of caption " + caption + " at " + trial(pair));
        }
    }

    private static Trial trial(JsonNode pair) {
        return new Trial(pair.get("timestep").intValue(), pair.get("noise_index").intValue());
    }
}
