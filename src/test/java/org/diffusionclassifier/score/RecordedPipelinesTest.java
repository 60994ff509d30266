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
import org.diffusionclassifier.checkpoint.ModelSpec.TextEncoderSpec;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.Target;
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

    /** A recorded error of a pair, and how it was measured; where there is no target, it is the model's own. */
    private record Measured(String field, Objective objective, Target target) {
    }

    private static final List<Measured> MEASURED = List.of(
            new Measured("error_l2", Objective.L2, null), new Measured("error_l1", Objective.L1, null),
            new Measured("velocity_error_l2", Objective.L2, Target.VELOCITY),
            new Measured("velocity_error_l1", Objective.L1, Target.VELOCITY),
            new Measured("epsilon_error_l2", Objective.L2, Target.EPSILON));

    private static void check(String name, JsonNode recorded) {
        List<String> captions = StreamSupport.stream(recorded.get("captions").spliterator(), false)
                .map(JsonNode::textValue).toList();
        var noise = new Noise.Seeded(Long.parseUnsignedLong(recorded.get("seed").textValue()));
        ModelSpec spec = ModelSpec.of(Golden.cases().resolve(name));
        if (recorded.has("max_sequence_length")) {
            spec = spec.with(new TextEncoderSpec(null, true, recorded.get("max_sequence_length").intValue()));
        }
        try (var bundled = BundledModel.open(); Device device = new CpuDevice(DType.F32);
                var model = LoadedModel.of(spec, device)) {
            var image = ImageDecoder.read(bundled.images().resolve(recorded.get("image").textValue()));
            JsonNode pairs = recorded.get("pairs");
            List<Measured> measured = MEASURED.stream().filter(each -> pairs.get(0).has(each.field)).toList();
            assertTrue(measured.size() >= 2, "errors of " + name);
            for (Measured each : measured) {
                Latents latents = model.model().latents();
                try (var scorer = model.scorer(captions, noise,
                        each.target == null ? latents : latents.measuring(each.target), each.objective, 5)) {
                    scorer.show(image);     // batches of 5 are no multiple of the captions
                    checkErrors(scorer, pairs, each);
                }
            }
            float[] latent = model.latent(image);
            int channels = model.model().latents().channels();
            for (int i = 0; i < recorded.get("latent_first").size(); i++) {
                assertEquals(recorded.get("latent_first").get(i).doubleValue(), latent[channels * i], 1e-4, "latent " + i);
            }
        }
    }

    private static void checkErrors(Scorer scorer, JsonNode pairs, Measured measured) {
        List<Trial> trials = StreamSupport.stream(pairs.spliterator(), false).map(RecordedPipelinesTest::trial).distinct()
                .toList();
        List<Integer> prompts = StreamSupport.stream(pairs.spliterator(), false)
                .map(pair -> pair.get("caption").intValue()).distinct().sorted().toList();
        assertTrue(trials.size() > 1 && prompts.size() > 1, "several trials of several captions");
        float[][] errors = scorer.errors(new Round(trials, prompts));
        for (JsonNode pair : pairs) {
            double expected = pair.get(measured.field).doubleValue();
            int caption = pair.get("caption").intValue();
            assertEquals(expected, errors[trials.indexOf(trial(pair))][prompts.indexOf(caption)], 1e-4 * expected,
                    measured.field + " of caption " + caption + " at " + trial(pair));
        }
    }

    /** A step counts from the least noise, as does a timestep. */
    private static Trial trial(JsonNode pair) {
        return new Trial(pair.has("step") ? pair.get("step").intValue() : pair.get("timestep").intValue(),
                pair.get("noise_index").intValue());
    }
}
