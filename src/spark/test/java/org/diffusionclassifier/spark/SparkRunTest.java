package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the driver makes of devices that fail, of machines that differ, and of what an image has to note. */
@ExtendWith(LoopbackDriver.class)
class SparkRunTest {

    private static final int IMAGES = 40;
    private static final int NEVER = -1;

    @TempDir
    private Path folder;
    private String test;

    @BeforeEach
    void begin(TestInfo info) {
        test = info.getDisplayName();
    }

    private FailingOpener opener(String brokenIn, int brokenAt, int times, int refused) {
        return new FailingOpener(new RecordedOpener(ScalingTest.RECORDING, 20), test, brokenIn, brokenAt, times,
                refused);
    }

    /** Whom images came from, in the order in which they were handed on. */
    private static final class Noting implements Workers.Receiver {

        private final List<Integer> images = new ArrayList<>();
        private final List<String> workers = new ArrayList<>();
        private final List<String> notices = new ArrayList<>();
        private final Set<String> cards = new TreeSet<>();
        private final List<String> lost = new ArrayList<>();

        @Override
        public void finished(String worker, Attempt attempt) {
            images.add(attempt.index());
            workers.add(worker);
            notices.addAll(attempt.notices());
            if (attempt.failure() != null) {
                cards.add(attempt.failure().failed());
            }
        }

        @Override
        public void lost(String worker, DeviceException failure) {
            lost.add(worker + ": " + failure.getMessage());
        }
    }

    private void run(String master, Opener opener, Opener.Facts facts, Noting noting) {
        JavaSparkContext context = SparkCluster.context(master, "cpu:1x1", "test");
        try (var session = SparkRun.connect(context, opener, facts, folder, null)) {
            session.classify(IntStream.range(0, IMAGES).toArray(), noting);
        }
    }

    private Noting run(String master, Opener opener) {
        var noting = new Noting();
        run(master, opener, RecordedOpener.facts(), noting);
        assertEquals(IntStream.range(0, IMAGES).boxed().toList(), noting.images);
        return noting;
    }

    /** Spark tries a task of this master four times. */
    @Test
    void aDeviceThatFailsIsOpenedAnew() {
        Noting noting = run("local[1,4]", opener(null, 5, 2, NEVER));
        FailingOpener.Counts counts = FailingOpener.Counts.of(test);
        assertEquals(3, counts.opened().get());
        assertEquals(2, counts.closed().get());
        assertEquals(List.of(FailingOpener.NOTE), noting.notices);
    }

    /** What the others did is kept, and the same run goes on. */
    @Test
    void aDeviceThatFailsAtAnImageAgainAndAgainEndsTheRun() {
        var noting = new Noting();
        String message = assertThrows(DeviceException.class, () -> run("local[1,4]", opener(null, 5, 4, NEVER),
                RecordedOpener.facts(), noting)).getMessage();
        assertTrue(message.startsWith("the cluster at local[1,4] gave up: ") && message.contains("image 5, on ")
                && message.contains(FailingOpener.FAILURE), message);
        assertEquals(4, FailingOpener.Counts.of(test).failed().get());
        assertEquals(IntStream.range(0, noting.images.size()).boxed().toList(), noting.images);
        assertFalse(noting.images.contains(5));
        Noting rest = run("local[1,4]", opener(null, NEVER, 0, NEVER));
        assertEquals("earlier", rest.workers.get(0));
    }

    /** They are processes, and each has a card, as far as Spark knows. The first never does an image. */
    @Test
    void anExecutorWhoseDeviceFailsLeavesItsImagesToTheOther() throws Exception {
        Processes.makeHome();
        Path cards = Files.writeString(folder.resolve("cards.sh"),
                "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"6\"]}'\n");
        assertTrue(cards.toFile().setExecutable(true));
        Map<String, String> settings = Map.of("spark.executor.extraClassPath", System.getProperty("java.class.path"),
                "spark.worker.resource.gpu.amount", "1",
                "spark.worker.resource.gpu.discoveryScript", cards.toString(),
                "spark.executor.resource.gpu.amount", "1", "spark.task.resource.gpu.amount", "1");
        settings.forEach(System::setProperty);
        try {
            Noting noting = run("local-cluster[2,1,1024]", opener("0", NEVER, 0, NEVER));
            assertEquals(1, noting.cards.size(), noting.cards.toString());
            assertTrue(noting.cards.toString().contains("on card 6"), noting.cards.toString());
            assertEquals(1, new TreeSet<>(noting.workers).size(), noting.workers.toString());
            assertTrue(noting.workers.get(0).endsWith("/1"), noting.workers.get(0));
            assertEquals(1, noting.lost.size(), noting.lost.toString());
            assertTrue(noting.lost.get(0).matches("executor 0: image \\d+, on .*/0: " + FailingOpener.FAILURE),
                    noting.lost.get(0));
        } finally {
            settings.keySet().forEach(System::clearProperty);
        }
    }

    @Test
    void anImageThatIsRefusedEndsTheRun() {
        var noting = new Noting();
        String message = assertThrows(InputException.class, () -> run("local[2]", opener(null, NEVER, 0, 7),
                RecordedOpener.facts(), noting)).getMessage();
        assertTrue(message.startsWith("image 7: broken, on "), message);
        assertFalse(noting.images.contains(7));
    }

    @Test
    void machinesThatDifferEndTheRun() {
        var settings = new TreeMap<>(RecordedOpener.facts().settings());
        settings.put("device", "another");
        var facts = new Opener.Facts(settings, RecordedOpener.facts().inputs(), 8, List.of());
        String message = assertThrows(InputException.class, () -> run("local[1]", opener(null, NEVER, 0, NEVER), facts,
                new Noting())).getMessage();
        assertTrue(message.startsWith("expected the same settings on all machines, found device none in the place of "
                + "another, on "), message);
        var files = new Opener.Facts(RecordedOpener.facts().settings(), "other files", 8, List.of());
        assertTrue(assertThrows(InputException.class, () -> run("local[1]", opener(null, NEVER, 0, NEVER), files,
                new Noting())).getMessage().contains("files of the same content"));
        var batches = new Opener.Facts(RecordedOpener.facts().settings(), RecordedOpener.facts().inputs(), 64,
                List.of());
        message = assertThrows(InputException.class, () -> run("local[1]", opener(null, NEVER, 0, NEVER), batches,
                new Noting())).getMessage();
        assertTrue(message.startsWith("--batch-size: expected one that all machines have room for, found room for 8 "
                + "pairs in the place of 64, on "), message);
    }
}
