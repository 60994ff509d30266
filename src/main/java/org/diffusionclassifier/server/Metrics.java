package org.diffusionclassifier.server;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/** What the server has done so far, as Prometheus reads it (text format 0.0.4). */
final class Metrics {

    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final String PREFIX = "diffusion_classifier_";

    /** Where a request's time goes. */
    enum Stage { WAIT, DECODE, EVALUATE, EXPLAIN }

    /** What a device has done. */
    private static final class OfDevice {

        private final LongAdder pairs = new LongAdder();
        private final LongAdder images = new LongAdder();
        private final LongAdder failures = new LongAdder();
        private final AtomicInteger failuresInARow = new AtomicInteger();
        private final DoubleAdder[] seconds = IntStream.range(0, Stage.values().length)
                .mapToObj(stage -> new DoubleAdder()).toArray(DoubleAdder[]::new);
    }

    private final List<String> devices;
    private final List<OfDevice> counts;

    /** Requests by path and status. */
    private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();

    /** @param devices by name */
    Metrics(List<String> devices) {
        this.devices = devices;
        this.counts = devices.stream().map(device -> new OfDevice()).toList();
    }

    String device(int index) {
        return devices.get(index);
    }

    void spent(Stage stage, int device, double seconds) {
        counts.get(device).seconds[stage.ordinal()].add(seconds);
    }

    void timed(Stage stage, int device, Runnable work) {
        timed(stage, device, () -> {
            work.run();
            return null;
        });
    }

    <T> T timed(Stage stage, int device, Supplier<T> work) {
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            spent(stage, device, (System.nanoTime() - start) * 1e-9);
        }
    }

    /** A request was evaluated. @param pairs that it took */
    void answered(int device, long pairs) {
        OfDevice count = counts.get(device);
        count.pairs.add(pairs);
        count.images.increment();
        count.failuresInARow.set(0);
    }

    void failed(int device) {
        OfDevice count = counts.get(device);
        count.failures.increment();
        count.failuresInARow.incrementAndGet();
    }

    /** Whether a device's last request did not fail. */
    boolean hasWorkingDevice() {
        return counts.stream().anyMatch(count -> count.failuresInARow.get() == 0);
    }

    /** @param path one that the server has */
    void requested(String path, int status) {
        requests.computeIfAbsent("path=\"%s\",status=\"%d\"".formatted(path, status), first -> new LongAdder())
                .increment();
    }

    String render(int waiting, int running, int classifiers) {
        var text = new StringBuilder();
        head(text, "pairs_total", "counter", "Pairs of a prompt and a trial evaluated.");
        eachDevice(text, "pairs_total", count -> count.pairs.sum());
        head(text, "images_total", "counter", "Requests evaluated.");
        eachDevice(text, "images_total", count -> count.images.sum());
        head(text, "device_failures_total", "counter", "Requests that a device failed at.");
        eachDevice(text, "device_failures_total", count -> count.failures.sum());
        head(text, "seconds_total", "counter", "Seconds that requests spent, by stage.");
        for (Stage stage : Stage.values()) {
            for (int i = 0; i < devices.size(); i++) {
                line(text, "seconds_total", "device=\"%s\",stage=\"%s\"".formatted(devices.get(i),
                        stage.name().toLowerCase(Locale.ROOT)), counts.get(i).seconds[stage.ordinal()].sum());
            }
        }
        head(text, "requests_total", "counter", "Requests answered, by path and status.");
        requests.forEach((labels, count) -> line(text, "requests_total", labels, count.sum()));
        head(text, "queue_length", "gauge", "Requests that wait for a device.");
        line(text, "queue_length", "", waiting);
        head(text, "running", "gauge", "Requests that have a device, or are being decoded for it.");
        line(text, "running", "", running);
        head(text, "classifiers", "gauge", "Sets of prompts that are kept encoded.");
        line(text, "classifiers", "", classifiers);
        return text.toString();
    }

    private void eachDevice(StringBuilder text, String name, ToLongFunction<OfDevice> value) {
        for (int i = 0; i < devices.size(); i++) {
            line(text, name, "device=\"" + devices.get(i) + "\"", value.applyAsLong(counts.get(i)));
        }
    }

    private static void head(StringBuilder text, String name, String type, String help) {
        text.append("# HELP ").append(PREFIX).append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(PREFIX).append(name).append(' ').append(type).append('\n');
    }

    private static void line(StringBuilder text, String name, String labels, Number value) {
        text.append(PREFIX).append(name).append(labels.isEmpty() ? "" : "{" + labels + "}").append(' ').append(value)
                .append('\n');
    }
}
