package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.GoldenDit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An open model is used from several threads at once, on the device under test: the answers are those that one thread
 * gets one after the other.
 */
@Tag("device")
class ThreadsTest {

    private static final List<String> PICTURES = List.of("bag-0.png", "sneaker-0.png");

    @TempDir
    private Path folder;

    private static DiffusionModel.Builder model() {
        return DiffusionModel.builder().device(System.getProperty("device", "cpu"));
    }

    private static RgbImage picture(String name) {
        try (var bundled = BundledModel.open()) {
            Path file = bundled.images().resolve(name);
            return ImageDecoder.read(file);
        }
    }

    private static String json(Classification answer) throws Exception {
        return JsonFile.MAPPER.writeValueAsString(answer.described());
    }

    /** Two classifiers of other labels and seeds, and both threads on each of them. */
    @Test
    @Timeout(600)
    void answersAreThoseOfOneThread() throws Exception {
        Path dit = folder.resolve("dit");
        GoldenDit.layOut(dit);
        try (var model = model().checkpoint(dit).load()) {
            var one = model.classifier("bag", "coat").strategy(Staged.exhaustive(2));
            var other = model.classifier("3", "coat", "bag").strategy(Staged.exhaustive(1)).seed(7);
            var work = new ArrayList<Callable<String>>();
            for (String name : PICTURES) {
                RgbImage picture = picture(name);
                work.add(() -> json(one.classify(picture)));
                work.add(() -> json(other.classify(picture)));
            }
            var expected = new ArrayList<String>();
            for (Callable<String> piece : work) {
                expected.add(piece.call());
            }
            var start = new CyclicBarrier(2);
            var threads = Executors.newFixedThreadPool(2);
            try {
                var answers = new ArrayList<Future<List<String>>>();
                for (int thread = 0; thread < 2; thread++) {
                    answers.add(threads.submit(() -> {
                        start.await();
                        var mine = new ArrayList<String>();
                        for (Callable<String> piece : work) {
                            mine.add(piece.call());
                        }
                        return mine;
                    }));
                }
                for (Future<List<String>> answer : answers) {
                    assertEquals(expected, answer.get());
                }
            } finally {
                threads.shutdown();
            }
            one.close();
            assertEquals(expected.get(1), work.get(1).call(), "a classifier does not need the other");
            assertEquals(expected.get(0), work.get(0).call(), "a closed classifier opens again");
        }
    }

    /** What is opened in one thread is used and closed in another, and a refusal reaches whoever asked. */
    @Test
    @Timeout(600)
    void aModelMovesFromThreadToThread() throws Exception {
        var thread = Executors.newSingleThreadExecutor();
        try {
            DiffusionModel model = thread.submit(() -> model().load()).get();
            Classifier classifier = model.classifier("bag", "sneaker").strategy(Staged.exhaustive(1));
            RgbImage bag = picture("bag-0.png");
            String here = json(classifier.classify(bag));
            assertEquals(here, thread.submit(() -> json(classifier.classify(bag))).get());
            assertThrows(InputException.class,
                    () -> model.classifier("bag").strategy(Staged.exhaustive(1001)).classify(bag));
            thread.submit(model::close).get();
            assertThrows(IllegalStateException.class, () -> classifier.classify(bag));
            classifier.close();
            model.close();
        } finally {
            thread.shutdown();
        }
    }
}
