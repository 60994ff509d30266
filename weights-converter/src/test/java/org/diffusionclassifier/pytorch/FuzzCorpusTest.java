package org.diffusionclassifier.pytorch;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.diffusionclassifier.safetensors.SafetensorsFuzz;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every input that fuzzing has found worth keeping, once more. {@code mvn -Pfuzz verify} looks for new ones. */
class FuzzCorpusTest {

    private static final Map<String, Consumer<byte[]>> TARGETS = Map.of(
            "safetensors", SafetensorsFuzz::fuzzerTestOneInput,
            "pytorch", PytorchFuzz::fuzzerTestOneInput,
            "zip", ZipFuzz::fuzzerTestOneInput);

    @TestFactory
    Stream<DynamicTest> everyInputIsReadOrRefused() {
        return TARGETS.entrySet().stream().flatMap(target -> inputs(target.getKey()).stream().map(file ->
                dynamicTest(target.getKey() + " " + file.getFileName(), () -> Assertions.assertTimeout(
                        Duration.ofSeconds(10), () -> target.getValue().accept(Files.readAllBytes(file))))));
    }

    private static List<Path> inputs(String target) {
        try (Stream<Path> files = Files.list(Fixtures.resource("fuzz/" + target))) {
            List<Path> inputs = files.sorted().toList();
            assertTrue(inputs.size() >= 5, target + ": " + inputs);
            return inputs;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
