package org.diffusionclassifier.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.strategy.Race;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 32 clients at once, in turns with an evaluation of the same pictures in the same process, so that both see the same
 * machine. {@code -Dload.seconds=60} asks for a minute of clients and holds the ratio to 0.9, on a machine that does
 * nothing else. In a build each client asks twice, and the ratio is held to what a busy machine leaves.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LoadTest {

    private static final int CLIENTS = 32;
    private static final double SECONDS = Double.parseDouble(System.getProperty("load.seconds", "0"));
    private static final int TURNS = 2;
    private static final Race SHORT = new Race(null, Race.AUTO, 10, null);

    @TempDir
    private Path folder;

    private double rate(long pairs, long start) {
        return pairs / ((System.nanoTime() - start) * 1e-9);
    }

    @Test
    void servesAsFastAsAnEvaluation() throws Exception {
        try (var served = ServedModel.open(); var bundled = BundledModel.open();
             var dataset = Datasets.csv(bundled.images().resolve("labels.csv"));
             var classifier = served.model().classifier().strategy(SHORT)) {
            var names = new ArrayList<String>();
            for (int i = 0; i < dataset.size(); i++) {
                names.add(Path.of(dataset.name(i)).getFileName().toString());
            }
            double evaluation = 0;
            double server = 0;
            long memory = 0;
            for (int turn = 0; turn < TURNS; turn++) {
                evaluation += evaluated(classifier, dataset, "turn" + turn);
                server += served(served, names, SECONDS / TURNS);
                if (turn == 0) {
                    memory = resident();
                }
            }
            double ratio = server / evaluation;
            long growth = resident() - memory;
            System.out.printf(Locale.ROOT, "%d clients: %.0f pairs/s, an evaluation %.0f, ratio %.2f; resident memory "
                    + "%+d MiB since the first turn%n", CLIENTS, server / TURNS, evaluation / TURNS, ratio, growth >> 20);
            assertTrue(ratio >= (SECONDS >= 60 ? 0.9 : 0.6), ratio + " of an evaluation's pairs a second");
            assertTrue(growth < 128 << 20, growth + " bytes more");
            assertEquals(List.of(), served.log());
        }
    }

    private double evaluated(Classifier classifier, Dataset dataset, String name) {
        var pairs = new AtomicLong();
        long start = System.nanoTime();
        new Evaluation(dataset, folder.resolve(name)).run(classifier, new Evaluation.Listener() {
            @Override
            public void classified(ImageResult result) {
                pairs.addAndGet(result.outcome().pairs());
            }
        });
        return rate(pairs.get(), start);
    }

    private double served(ServedModel served, List<String> names, double seconds) throws Exception {
        var clients = Executors.newFixedThreadPool(CLIENTS);
        var pairs = new AtomicLong();
        var next = new AtomicLong();
        long start = System.nanoTime();
        try {
            Callable<Void> client = () -> {
                do {
                    HttpResponse<String> response =
                            served.classify(names.get((int) (next.getAndIncrement() % names.size())), "maxTrials", "10");
                    assertEquals(200, response.statusCode(), response.body());
                    pairs.addAndGet(ServedModel.json(response.body()).at("/answer/pairs").longValue());
                } while (System.nanoTime() - start < seconds * 1e9);
                return null;
            };
            var running = new ArrayList<Future<Void>>();
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(client));
            }
            for (Future<Void> one : running) {
                one.get();      // none is lost
            }
            return rate(pairs.get(), start);
        } finally {
            clients.shutdown();
        }
    }

    /** Bytes of this process in memory, after a collection. */
    private static long resident() throws Exception {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).sum() << 10;
    }
}
