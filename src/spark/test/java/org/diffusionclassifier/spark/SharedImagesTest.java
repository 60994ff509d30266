package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.SharedRounds;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Images that tasks share, on recorded errors: the lines of one task, whatever fails, and no pair twice. */
@ExtendWith(LoopbackDriver.class)
class SharedImagesTest {

    private static final int IMAGES = 5;
    private static final int NEVER = -1;

    /** Rounds of 200 and 400 pairs, of ten classes and of five. */
    private static final String STAGED = "staged:20,100/5,1";
    private static final int PAIRS = 600;
    private static final String FAILURE = "a card fell out";

    @TempDir
    private Path folder;
    private String test;

    @BeforeEach
    void begin(TestInfo info) {
        test = info.getDisplayName();
    }

    /** Of one test in this process. */
    private record Counts(AtomicInteger pairs, AtomicInteger alone, AtomicInteger failed) {

        private static final Map<String, Counts> OF = new ConcurrentHashMap<>();

        static Counts of(String test) {
            return OF.computeIfAbsent(test,
                    anew -> new Counts(new AtomicInteger(), new AtomicInteger(), new AtomicInteger()));
        }
    }

    /**
     * Plays errors back, but for what is told to fail, and counts.
     *
     * @param brokenAt  the image of which the ranges after the first cannot be evaluated
     * @param failsAt   the image at whose second round the device fails
     * @param times     how often it does
     */
    private record CountingOpener(RecordedOpener recorded, String test, int brokenAt, int failsAt, int times)
            implements Opener {

        @Override
        public Opened open(Place place) {
            Opened all = recorded.open(place);
            Counts counts = Counts.of(test);
            return new Opened() {

                @Override
                public Facts facts() {
                    return all.facts();
                }

                @Override
                public Optional<Attempt> attempt(int image, SharedRounds rounds) {
                    return all.attempt(image, new SharedRounds() {

                        @Override
                        public Optional<float[][]> evaluated(Round round) {
                            return rounds.evaluated(round);
                        }

                        @Override
                        public boolean isLeft(Round round) {
                            boolean left = rounds.isLeft(round);
                            counts.alone.addAndGet(left ? 0 : 1);
                            return left;
                        }
                    });
                }

                @Override
                public float[] errors(int image, Round round, PairRange pairs) {
                    if (image == brokenAt && pairs.from() > 0) {
                        throw new InputException("image " + image + ": not a number");
                    }
                    if (image == failsAt && round.prompts().size() == 5 && pairs.from() > 0
                            && counts.failed.incrementAndGet() <= times) {
                        throw new DeviceException(FAILURE);
                    }
                    counts.pairs.addAndGet(pairs.pairs());
                    return all.errors(image, round, pairs);
                }

                @Override
                public void close() {
                    all.close();
                }
            };
        }
    }

    private CountingOpener opener(int brokenAt, int failsAt, int times) {
        return new CountingOpener(new RecordedOpener(ScalingTest.RECORDING, 20, STAGED), test, brokenAt, failsAt,
                times);
    }

    /** What a run hands on. */
    private static final class Noting implements Workers.Receiver {

        private final Map<Integer, Attempt> attempts = new TreeMap<>();
        private final List<String> workers = new ArrayList<>();
        private final List<String> progress = new ArrayList<>();

        @Override
        public void finished(String worker, Attempt attempt) {
            assertEquals(attempts.size(), attempt.index());
            attempts.put(attempt.index(), attempt);
            workers.add(worker);
        }

        @Override
        public void underWay(String howFar) {
            progress.add(howFar);
        }

        @Override
        public void lost(String worker, DeviceException failure) {
            throw failure;
        }
    }

    private void run(String master, Opener opener, Integer ranges, Noting noting) {
        JavaSparkContext context = SparkCluster.context(master, "cpu:1x1", "test");
        try (var session = SparkRun.connect(context, opener, RecordedOpener.facts(), folder, ranges)) {
            session.classify(IntStream.range(0, IMAGES).toArray(), noting);
        }
    }

    private Set<Integer> begun() {
        JavaSparkContext context = SparkCluster.context("local[1]", "cpu:1x1", "test");
        try (var session = SparkRun.connect(context, opener(NEVER, NEVER, 0), RecordedOpener.facts(), folder, null)) {
            return session.begun();
        }
    }

    /** Runs, and asserts the lines that one task writes. */
    private Noting run(String master, Opener opener, Integer ranges) {
        var noting = new Noting();
        run(master, opener, ranges, noting);
        try (Opener.Opened alone = new RecordedOpener(ScalingTest.RECORDING, 0, STAGED).open(null)) {
            assertEquals(IMAGES, noting.attempts.size());
            noting.attempts.forEach((image, attempt) -> assertArrayEquals(
                    alone.attempt(image, SharedRounds.NONE).orElseThrow().line(), attempt.line()));
        }
        return noting;
    }

    private List<Path> files(String ending) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Seven ranges of 25 and of 50 batches, and as many as the driver chooses for two slots. */
    @Test
    void tasksShareEveryRound() {
        for (Integer ranges : new Integer[] {7, null}) {
            Noting noting = run("local[2]", opener(NEVER, NEVER, 0), ranges);
            assertEquals(List.of("several"), noting.workers.stream().distinct().toList());
            assertEquals(IMAGES * PAIRS, Counts.of(test).pairs.getAndSet(0));
            int all = noting.progress.size();
            assertEquals(all + " of " + all + " ranges", noting.progress.get(all - 1));
            assertTrue(ranges == null ? all > 2 * IMAGES : all == 2 * ranges * IMAGES, all + " ranges");
            assertEquals(0, Counts.of(test).alone.get());
            assertEquals(List.of(), files(".errors"));
            new Parts(folder).delete();
        }
    }

    @Test
    void noneAreSharedIfTheUserSaysSo() {
        Noting noting = run("local[2]", opener(NEVER, NEVER, 0), 1);
        assertFalse(noting.workers.contains("several"));
        assertEquals(0, Counts.of(test).pairs.get());
    }

    /** A task does the image by itself, with what is there. */
    @Test
    void anImageWithARangeThatIsBrokenIsOneTasks() {
        run("local[2]", opener(3, NEVER, 0), 4);
        assertEquals(2, Counts.of(test).alone.get());
    }

    /** Twice, and it is opened anew; four times, and the run ends, but goes on from what is there. */
    @Test
    void aDeviceThatFailsAtARange() throws IOException {
        run("local[2,4]", opener(NEVER, 2, 2), 4);
        new Parts(folder).delete();
        Counts counts = Counts.of(test);
        counts.failed.set(0);
        var noting = new Noting();
        String message = assertThrows(DeviceException.class,
                () -> run("local[1,2]", opener(NEVER, 2, 1000), 4, noting)).getMessage();
        assertTrue(message.contains("gave up: ") && message.contains("image 2, on ") && message.contains(FAILURE),
                message);
        int there = 0;
        for (Path file : files(".errors")) {
            there += (int) Files.size(file) / Float.BYTES;
        }
        int decided = files(".jsonl").size();
        assertTrue(there > 0, "no errors");
        assertTrue(begun().containsAll(Set.of(0, 1, 2)) && !begun().contains(4), begun().toString());
        counts.pairs.set(0);
        run("local[2]", opener(NEVER, NEVER, 0), 3);
        assertEquals((IMAGES - decided) * PAIRS - there, counts.pairs.get());
    }
}
