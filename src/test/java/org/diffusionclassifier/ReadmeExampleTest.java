package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.convert.Converter;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.GoldenDit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java example as it stands there but for paths and classes, with a caption model and with a DiT. */
class ReadmeExampleTest {

    @TempDir
    private Path folder;
    private Path photo;

    @BeforeEach
    void copyAPicture() throws IOException {
        photo = folder.resolve("photo.png");
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("bag-0.png"), photo);
        }
    }

    @Test
    void classifiesByCaptions() {
        Path file = folder.resolve("sd2.safetensors");
        try (var bundled = BundledModel.open(); var checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()))) {
            new Converter(checkpoint, ModelFamily.of(checkpoint).layout(checkpoint),
                    new Converter.Options(DType.F32, false, false, false)).write(file, done -> { });
        }
        try (var model = DiffusionModel.load(file);
             var classifier = model.classifier("bag", "sneaker", "dress")) {
            Classification answer = classifier.classify(photo);
            System.out.println(answer.best());            // name, probability, margin, pairs
            assertEquals("bag", answer.best().name());
            assertTrue(answer.best().probability() > 1.0 / 3 && answer.best().margin() > 0, answer.toString());
            assertEquals(answer.ranking().stream().mapToInt(prompt -> prompt.errors().length).sum(),
                    answer.best().pairs());
        }
    }

    @Test
    void classifiesByLabels() throws IOException {
        Path dit = folder.resolve("dit");
        GoldenDit.layOut(dit);
        try (var model = DiffusionModel.load(dit);
             var classifier = model.classifier("bag", "coat", "9")) {
            Classification answer = classifier.classify(photo);
            assertTrue(Set.of("bag", "coat", "j").contains(answer.best().name()), answer.toString());
            assertEquals(3, answer.ranking().size());
            assertEquals("tench, Tinca tinca", model.labels().get(0));
        }
    }

    @Test
    void buildersSayTheRest() throws IOException {
        try (var model = DiffusionModel.builder().device("cpu").dtype("f32").weightsBudget(8 << 20).batchSize(16).load();
             var classifier = model.classifier().strategy(Race.atConfidence(0.99)).seed(7).loss(
                     Objective.L1)) {
            assertEquals("bag", classifier.classify(photo).best().name());
            assertEquals("race:0.99,paired-t,100", classifier.settings().get("strategy"));
            assertEquals("seed 7", classifier.settings().get("noise"));
            assertEquals("l1", classifier.settings().get("loss"));
            assertTrue(model.description().contains("cpu"), model.description());
        }
    }
}
