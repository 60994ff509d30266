package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many images more executors do, on {@linkplain RecordedOpener recorded errors}. Executors are simulated: slots of
 * one process. Not part of a build: the profile {@code scaling} runs it, as {@code src/docs/cluster.md} says.
 */
@Tag("scaling")
class ScalingTest {

    static final String RECORDING = Path.of("../test/resources/recording/fashion-mnist-1000.bin").toAbsolutePath()
            .normalize().toString();

    @TempDir
    private Path folder;

    @Test
    void imagesAnHourAgainstTheIdeal() {
        for (int slots : new int[] {1, 2, 4, 32}) {
            int images = 60 * slots;
            double seconds = run(slots, images, new RecordedOpener(RECORDING, 500), null, 4 * slots,
                    receiver(images));
            double ideal = images * 0.5 / slots;
            System.out.printf(Locale.ROOT, "%d simulated executors: %.0f images an hour, ideal %.0f: %.3f%n", slots,
                    3600 * images / seconds, 3600 * images / ideal, ideal / seconds);
            assertTrue(ideal / seconds >= 0.95 || slots < 32, slots + " slots: " + ideal / seconds);
        }
    }

    /** Of 125 batches each, in one round: fewer images than executors, which share them. */
    @Test
    void fewImagesAgainstTheIdeal() {
        for (int images : new int[] {1, 8}) {
            double seconds = run(32, images, new RecordedOpener(RECORDING, 40_000, "exhaustive:100"), null,
                    1, receiver(images));
            double ideal = images * 40.0 / 32;
            System.out.printf(Locale.ROOT, "%d images of 40 s, 32 simulated executors: %.1f s, ideal %.1f: %.3f%n",
                    images, seconds, ideal, ideal / seconds);
            assertTrue(ideal / seconds >= 0.85 || images == 1, images + " images: " + ideal / seconds);
        }
    }

    /** What the driver holds after so many images, garbage apart, each done by a task or by several. */
    @ParameterizedTest
    @CsvSource({"1, 5000, 50000", "2, 1000, 8000"})
    void memoryDoesNotGrowWithImages(int ranges, int few, int many) {
        long[] bytes = new long[2];
        int[] images = {few, many};
        for (int i = 0; i < 2; i++) {
            var held = new AtomicInteger();
            int run = i;
            run(2, images[i], new RecordedOpener(RECORDING, 0, "staged:20,100/5,1"), ranges, 8, new Receiver(images[i]) {

                @Override
                public void finished(String worker, Attempt attempt) {
                    super.finished(worker, attempt);
                    if (held.incrementAndGet() == images[run] - 1) {
                        bytes[run] = used();
                    }
                }
            });
            System.out.printf(Locale.ROOT, "%,d images, ranges %d: %.1f MiB held near the end%n", images[i], ranges,
                    bytes[i] / 1048576.0);
        }
        assertTrue(bytes[1] - bytes[0] < 40L << 20, Arrays.toString(bytes));
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static Receiver receiver(int images) {
        return new Receiver(images);
    }

    /** Expects all images in their order. */
    private static class Receiver implements Workers.Receiver {

        private final int images;
        private int next;

        Receiver(int images) {
            this.images = images;
        }

        @Override
        public void finished(String worker, Attempt attempt) {
            assertEquals(next++, attempt.index());
        }

        @Override
        public void lost(String worker, DeviceException failure) {
            throw failure;
        }

        void requireAll() {
            assertEquals(images, next);
        }
    }

    /**
     * @param ranges as {@link SparkRun#connect} has them
     * @param before images that are done first, to open models
     * @return seconds from the first task to the last image handed on
     */
    private double run(int slots, int images, Opener opener, Integer ranges, int before, Receiver receiver) {
        var conf = new SparkConf().setMaster("local[" + slots + "]").setAppName("scaling").set("spark.ui.enabled",
                "false").set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1");
        var context = new JavaSparkContext(conf);
        context.setLogLevel("ERROR");
        try (var session = SparkRun.connect(context, opener, RecordedOpener.facts(),
                folder.resolve(slots + "-" + images), ranges)) {
            session.classify(IntStream.range(images, images + before).toArray(), new Workers.Receiver() {

                @Override
                public void finished(String worker, Attempt attempt) {
                    // opens the models
                }

                @Override
                public void lost(String worker, DeviceException failure) {
                    throw failure;
                }
            });
            long start = System.nanoTime();
            session.classify(IntStream.range(0, images).toArray(), receiver);
            double seconds = (System.nanoTime() - start) * 1e-9;
            receiver.requireAll();
            return seconds;
        }
    }
}
