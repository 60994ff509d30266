package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A family of models that the program does not know goes through its commands by a package and a line of its own. */
class OwnFamilyTest {

    @TempDir
    private Path folder;
    private Path model;
    private Path picture;

    @BeforeEach
    void layOutTheModel() throws IOException {
        model = Files.createDirectory(folder.resolve("model"));
        Files.createDirectory(model.resolve("tiny"));
        Files.createDirectory(model.resolve("scheduler"));
        Files.writeString(model.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"DDIMScheduler\"}");
        Files.writeString(model.resolve("model_index.json"), "{\"id2label\": {\"0\": \"bag\", \"1\": \"coat\", \"2\": \"x\"}}");
        Files.writeString(model.resolve("tiny/config.json"), "{\"size\": 8, \"width\": 8, \"labels\": 3}");
        var writer = new SafetensorsWriter();
        put(writer, "labels.weight", 3, 8);
        put(writer, "first.weight", 8, 3, 3, 3);
        put(writer, "first.bias", 8);
        put(writer, "last.weight", 3, 8, 3, 3);
        put(writer, "last.bias", 3);
        writer.write(model.resolve("tiny/diffusion_pytorch_model.safetensors"));
        picture = folder.resolve("bag.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), picture);
        }
    }

    private static void put(SafetensorsWriter writer, String name, Integer... shape) {
        var random = new SplittableRandom(name.hashCode());
        float[] values = new float[List.of(shape).stream().reduce(1, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian(0, 0.3);
        }
        writer.floats(name, DType.F32, List.of(shape), values);
    }

    @Test
    void isConvertedInspectedAndClassifiedBy() throws IOException {
        Path file = folder.resolve("tiny.safetensors");
        CommandLineRun.of("convert", model, "--out", file, "--dtype", "f32", "--verify").succeeded();
        for (Path path : List.of(model, file)) {
            String inspected = CommandLineRun.of("inspect", path).succeeded().out();
            assertTrue(inspected.contains("tiny: {") && inspected.contains("\"2\":\"x\"")
                    && inspected.contains("467 parameters"), inspected);
        }
        JsonNode ofDirectory = classify(model);
        assertEquals(ofDirectory, classify(file));
        JsonNode ranking = ofDirectory.get(0).get("ranking");
        assertEquals(3, ranking.size());
        assertNotEquals(ranking.get(0).get("errors"), ranking.get(1).get("errors"));
    }

    private JsonNode classify(Path path) throws IOException {
        Path json = folder.resolve("out.json");
        CommandLineRun.of("classify", picture, "--model", path, "--device", "cpu", "--dtype", "f32", "--exhaustive",
                "--n-samples", "4", "--json", json).succeeded();
        return new ObjectMapper().readTree(json.toFile());
    }

    @Test
    void isEvaluatedOnADataset() throws IOException {
        Path labels = Files.writeString(folder.resolve("labels.csv"), "file,classidx\nbag.png,0\n");
        String out = CommandLineRun.of("evaluate", "--dataset", "csv:" + labels, "--out", folder.resolve("run"), "--model",
                model, "--device", "cpu", "--dtype", "f32", "--exhaustive", "--n-samples", "4").succeeded().out();
        assertTrue(out.contains("12 pairs an image"), out);
    }

    @Test
    void itsWrongPartsAreRefusedAsOthersAre() throws IOException {
        CommandLineRun.of("match", "--demo", "--model", model).refused("match", "captions", "labels");
        CommandLineRun.of("classify", picture, "--model", model, "--loss", "vb").refused("--loss vb", "variances");
        Files.writeString(model.resolve("tiny/config.json"), "{\"size\": 8, \"width\": 8, \"labels\": 4}");
        CommandLineRun.of("classify", picture, "--model", model).refused("id2label", "each label from 0 to 3");
    }
}
