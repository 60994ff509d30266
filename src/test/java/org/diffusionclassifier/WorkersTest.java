package org.diffusionclassifier;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run makes of workers that are not the classifier's devices; those of Spark's module have tests there. */
class WorkersTest {

    private static final String FAILURE = "all machines are gone";

    @TempDir
    private Path folder;

    /** Workers that fail before they hand on anything. @param begun what they left in an earlier start */
    private record Failing(Set<Integer> begun) implements Workers {

        @Override
        public SortedMap<String, String> settings() {
            return new TreeMap<>();
        }

        @Override
        public void classify(int[] images, Receiver receiver) {
            throw new DeviceException(FAILURE);
        }
    }

    /** Nothing was handed on, so that the run alone does not know of any result. */
    @Test
    void aPictureThatWorkersHaveBegunMustNotChange() throws IOException {
        try (var bundled = BundledModel.open(); var model = DiffusionModel.builder().device("cpu:1x1").load();
                var classifier = model.classifier()) {
            for (String name : new String[] {"bag-0.png", "coat-0.png"}) {
                Files.copy(bundled.images().resolve(name), folder.resolve(name));
            }
            Path labels = Files.writeString(folder.resolve("labels.csv"),
                    "path,classname\nbag-0.png,bag\ncoat-0.png,coat\n");
            var evaluation = new Evaluation(Datasets.csv(labels), folder.resolve("run"));
            var listener = new Evaluation.Listener() { };
            assertEquals(FAILURE, assertThrows(DeviceException.class,
                    () -> evaluation.run(classifier, new Failing(Set.of()), listener)).getMessage());
            Files.copy(bundled.images().resolve("coat-1.png"), folder.resolve("coat-0.png"), REPLACE_EXISTING);
            assertEquals(FAILURE, assertThrows(DeviceException.class,
                    () -> evaluation.run(classifier, new Failing(Set.of(0)), listener)).getMessage());
            Files.copy(bundled.images().resolve("bag-1.png"), folder.resolve("bag-0.png"), REPLACE_EXISTING);
            String message = assertThrows(InputException.class,
                    () -> evaluation.run(classifier, new Failing(Set.of(0)), listener)).getMessage();
            assertTrue(message.startsWith(folder.resolve("bag-0.png") + ": expected the file that the run began with"),
                    message);
        }
    }
}
