package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.Range;
import org.diffusionclassifier.dataset.Shard;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A model on several devices, here models of one thread each on the CPU: the results of one device, byte for byte,
 * whoever takes an image, and whoever fails. {@code SeveralCardsTest} has emulated cards.
 */
@Timeout(300)
class SeveralDevicesTest {

    private static final int IMAGES = 7;

    @TempDir
    private Path folder;
    private StrategySpec strategy = new Staged(List.of(1, 3), List.of(3, 1));

    /** Devices that fail once they have been shown so many images. */
    private static final class Failing {

        private final Map<Integer, AtomicInteger> images = new ConcurrentHashMap<>();

        Failing after(int device, int count) {
            images.put(device, new AtomicInteger(count));
            return this;
        }

        /** Every call goes on to a CPU; that which puts an image's latent into place fails where it is told to. */
        Device open(DeviceName name, WeightsBudget budget) {
            var cpu = new CpuDevice(DType.F32, budget, name.threads());
            return (Device) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Device.class},
                    (proxy, method, arguments) -> {
                        AtomicInteger left = images.get(name.ordinal());
                        if (left != null && (left.get() < 0
                                || method.getName().equals("copy") && left.decrementAndGet() < 0)) {
                            throw new DeviceException("a card fell out of " + name);
                        }
                        try {
                            return method.invoke(cpu, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
    }

    private static final class Noting implements Evaluation.Listener {

        private final Map<String, Integer> done = new TreeMap<>();
        private final List<String> lost = new ArrayList<>();
        private int progressed;

        @Override
        public void doneBy(String device) {
            done.merge(device, 1, Integer::sum);
        }

        @Override
        public void lost(String device, DeviceException failure) {
            lost.add(device + ": " + failure.getMessage());
        }

        @Override
        public void progressed(long correct, int finished) {
            progressed++;
        }
    }

    private Noting evaluate(String devices, String run, int images, Failing failing) {
        try (var bundled = BundledModel.open()) {
            return evaluate(devices, run, Datasets.csv(bundled.images().resolve("labels.csv")), images, failing);
        }
    }

    /** Devices fail from the first image on, not while they are loaded. */
    private Noting evaluate(String devices, String run, Dataset dataset, int images, Failing failing) {
        var noting = new Noting();
        var waiting = new Failing();
        var builder = DiffusionModel.builder().device(devices).dtype("f32");
        try (var model = (failing == null ? builder : builder.opener(waiting::open)).load();
                var classifier = model.classifier().strategy(strategy).load()) {
            if (failing != null) {
                waiting.images.putAll(failing.images);
            }
            new Evaluation(dataset, new Range(null, images, null, new Shard(1, 1)), folder.resolve(run), null)
                    .run(classifier, noting);
        }
        return noting;
    }

    private byte[] results(String run) throws IOException {
        return Files.readAllBytes(folder.resolve(run).resolve("results.jsonl"));
    }

    private void assertSameRuns(String expected, String actual) throws IOException {
        for (String file : List.of("results.jsonl", "summary.json", "settings.json")) {
            assertArrayEquals(Files.readAllBytes(folder.resolve(expected).resolve(file)),
                    Files.readAllBytes(folder.resolve(actual).resolve(file)), file);
        }
    }

    @ParameterizedTest
    @CsvSource({"cpu:2x1, 7", "cpu:3x1, 7", "cpu:3x1, 1", "cpu:4x1, 2"})
    void theBytesOfOneDevice(String devices, int images) throws IOException {
        evaluate("cpu:1x1", "one", images, null);
        Noting noting = evaluate(devices, "several", images, null);
        assertSameRuns("one", "several");
        assertEquals(images, noting.progressed);
        assertEquals(images, noting.done.values().stream().mapToInt(done -> done).sum());
        assertTrue(List.of("cpu:0", "cpu:1", "cpu:2", "cpu:3").containsAll(noting.done.keySet()),
                noting.done.toString());
    }

    /** Images take from 40 to hundreds of pairs, and are finished in any order. */
    @Test
    void theBytesOfOneDeviceInRaces() throws IOException {
        strategy = Race.byDefault();
        evaluate("cpu:1x1", "one", 5, null);
        evaluate("cpu:3x1", "several", 5, null);
        assertSameRuns("one", "several");
    }

    @Test
    void aDeviceThatFailsLeavesItsImageToTheOthers() throws IOException {
        evaluate("cpu:1x1", "one", IMAGES, null);
        Noting noting = evaluate("cpu:3x1", "several", IMAGES, new Failing().after(0, 1).after(2, 0));
        assertSameRuns("one", "several");
        assertEquals(List.of("cpu:0: a card fell out of cpu:0", "cpu:2: a card fell out of cpu:2"),
                noting.lost.stream().sorted().toList());
        assertTrue(noting.done.get("cpu:1") >= IMAGES - 1, noting.done.toString());
    }

    /** What was done is kept, and the run goes on from there. */
    @Test
    void whenAllFailTheRunEnds() throws IOException {
        evaluate("cpu:1x1", "one", IMAGES, null);
        var failure = assertThrows(DeviceException.class,
                () -> evaluate("cpu:2x1", "several", IMAGES, new Failing().after(0, 2).after(1, 1)));
        assertTrue(failure.getMessage().startsWith("a card fell out of cpu:"), failure.getMessage());
        assertEquals(3, Files.readAllLines(folder.resolve("several/results.jsonl")).size());
        assertFalse(Files.exists(folder.resolve("several/summary.json")));
        Noting rest = evaluate("cpu:2x1", "several", IMAGES, null);
        assertEquals(IMAGES - 3, rest.done.values().stream().mapToInt(done -> done).sum());
        assertEquals(Files.readAllLines(folder.resolve("one/results.jsonl")).stream().sorted().toList(),
                Files.readAllLines(folder.resolve("several/results.jsonl")).stream().sorted().toList());
    }

    /** Killed after the third image, within the fourth line; resumed on fewer devices, and on more. */
    @ParameterizedTest
    @CsvSource({"cpu:1x1", "cpu:3x1"})
    void aKilledRunGoesOnOnOtherDevices(String devices) throws IOException {
        evaluate("cpu:2x1", "whole", IMAGES, null);
        evaluate("cpu:2x1", "killed", 3, null);
        byte[] three = results("killed");
        Files.write(folder.resolve("killed/results.jsonl"), Arrays.copyOf(results("whole"), three.length + 50));
        evaluate(devices, "killed", IMAGES, null);
        assertSameRuns("whole", "killed");
    }

    @Test
    void aBrokenPictureIsNotTheDevicesFault() throws IOException {
        try (var bundled = BundledModel.open()) {
            var lines = new ArrayList<String>(
                    Files.readAllLines(bundled.images().resolve("labels.csv")).subList(0, IMAGES));
            for (String line : lines.subList(1, lines.size())) {
                String name = line.substring(0, line.indexOf(','));
                Files.copy(bundled.images().resolve(name), folder.resolve(name));
            }
            Files.writeString(folder.resolve(lines.get(3).substring(0, lines.get(3).indexOf(','))), "no picture");
            Files.write(folder.resolve("labels.csv"), lines);
        }
        Dataset dataset = Datasets.csv(folder.resolve("labels.csv"));
        evaluate("cpu:1x1", "one", dataset, IMAGES - 1, null);
        Noting noting = evaluate("cpu:2x1", "several", dataset, IMAGES - 1, null);
        assertSameRuns("one", "several");
        assertEquals(List.of(), noting.lost);
        assertEquals(1, new String(results("several")).lines().filter(line -> line.contains("failed")).count());
    }

    /** Each image's answer in the list's order, although a device fails at its second; a broken image ends the list. */
    @Test
    void imagesOfAListAreGivenToDevices() throws IOException {
        var failing = new Failing();
        try (var bundled = BundledModel.open();
                var one = DiffusionModel.builder().device("cpu:1x1").dtype("f32").load();
                var several = DiffusionModel.builder().device("cpu:2x1").dtype("f32").opener(failing::open).load();
                var first = one.classifier().strategy(strategy);
                var second = several.classifier().strategy(strategy).load()) {
            List<Path> images = List.of("bag-0.png", "coat-0.png", "bag-1.png", "shirt-0.png", "coat-0.png").stream()
                    .map(bundled.images()::resolve).toList();
            var expected = new ArrayList<String>();
            first.classify(images, (answer, seconds) -> expected.add(json(answer)));
            failing.after(0, 1);
            var actual = new ArrayList<String>();
            var lost = new ArrayList<String>();
            second.classify(images, new Classifier.Results() {
                @Override
                public void next(Classification answer, double seconds) {
                    assertTrue(seconds > 0 && seconds < 300);
                    actual.add(json(answer));
                }

                @Override
                public void lost(String device, DeviceException failure) {
                    lost.add(device);
                }
            });
            assertEquals(expected, actual);
            assertTrue(lost.equals(List.of("cpu:0")) || lost.isEmpty(), lost.toString());
            RgbImage bag = bundledImage("bag-0.png");
            assertArrayEquals(first.explain(bag, first.classify(bag)).evidence().difference(),
                    second.explain(bag, first.classify(bag)).evidence().difference());
            actual.clear();
            Path broken = Files.writeString(folder.resolve("broken.png"), "no picture");
            assertThrows(InputException.class, () -> second.classify(
                    List.of(images.get(0), broken, images.get(1)), (answer, seconds) -> actual.add(json(answer))));
            assertEquals(expected.subList(0, 1), actual);
        }
    }

    private static String json(Classification answer) {
        try {
            return JsonFile.MAPPER.writeValueAsString(answer.described());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static RgbImage bundledImage(String name) {
        try (var bundled = BundledModel.open()) {
            return ImageDecoder.read(bundled.images().resolve(name));
        }
    }

    private static String answer(String devices, StrategySpec strategy, RgbImage image) {
        try (var model = DiffusionModel.builder().device(devices).dtype("f32").batchSize(8).load();
                var classifier = model.classifier().strategy(strategy)) {
            return json(classifier.classify(image));
        }
    }

    /** In batches of 8 of ten classes, so that some rounds are of many batches, some of one, and trials are cut. */
    @Test
    void anImageIsSpreadToTheBit() {
        RgbImage bag = bundledImage("bag-0.png");
        for (StrategySpec strategy : List.of(Staged.exhaustive(13), new Staged(List.of(2, 9), List.of(3, 1)),
                Race.byDefault())) {
            String one = answer("cpu:1x1", strategy, bag);
            assertEquals(one, answer("cpu:2x1", strategy, bag));
            assertEquals(one, answer("cpu:3x1", strategy, bag));
        }
    }

    @Test
    void captionsAreComparedOnAllDevices() {
        var answers = new ArrayList<String>();
        for (String devices : List.of("cpu:1x1", "cpu:3x1")) {
            try (var bundled = BundledModel.open();
                    var model = DiffusionModel.builder().device(devices).dtype("f32").batchSize(4).load()) {
                var matched = model.matching().nSamples(3).matrix(List.of(bundled.images().resolve("bag-0.png"),
                        bundled.images().resolve("coat-0.png")), List.of("a bag", "a coat"), (picture, errors) -> { });
                answers.add(JsonFile.MAPPER.writeValueAsString(matched.value()));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        assertEquals(answers.get(0), answers.get(1));
    }

    @Test
    void aDeviceThatCannotBeOpenedIsNoReasonToGoOnWithTheRest() {
        var failing = new Failing().after(1, -1);
        try (var model = DiffusionModel.builder().device("cpu:2x1").dtype("f32").opener(failing::open).load();
                var classifier = model.classifier()) {
            assertEquals("a card fell out of cpu:1",
                    assertThrows(DeviceException.class, classifier::load).getMessage());
        } catch (DeviceException e) {
            assertEquals("a card fell out of cpu:1", e.getMessage());           // of closing it
        }
    }

    /** A device that says it has room for little takes smaller batches, unless a size is given. */
    @Test
    void batchesOfDifferentSizesAreRefused() {
        Replica.Opener opener = (name, budget) -> {
            var cpu = new CpuDevice(DType.F32, budget, name.threads());
            return (Device) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Device.class},
                    (proxy, method, arguments) -> name.ordinal() == 1 && method.getName().equals("activationCapacity")
                            ? 4L << 20 : method.invoke(cpu, arguments));
        };
        var builder = DiffusionModel.builder().device("cpu:2x1").opener(opener);
        try (var model = builder.load(); var classifier = model.classifier("bag", "coat")) {
            String refusal = assertThrows(InputException.class, classifier::load).getMessage();
            assertTrue(refusal.matches("batchSize: expected one that all devices have room for, found room for 64 "
                    + "pairs on cpu:0 and for (1|2|4|8|16|32) on cpu:1"), refusal);
        }
        try (var model = builder.batchSize(4).load(); var classifier = model.classifier("bag", "coat")) {
            classifier.load();
        }
    }

    @Test
    void devicesAreNamedAndCounted() {
        try (var model = DiffusionModel.builder().device("cpu:2x1").dtype("f32").load()) {
            assertEquals(List.of("cpu:0", "cpu:1"), model.devices());
            assertTrue(model.description().matches("2 × cpu \\(oneDNN .*\\), 1 thread, f32"), model.description());
        }
    }

    /** Two threads: one spreads its image over both devices, the other has a run on them; neither sees the other's. */
    @Test
    void classifyingAndEvaluatingTakeTurns() throws Exception {
        evaluate("cpu:1x1", "one", IMAGES, null);
        try (var bundled = BundledModel.open();
                var model = DiffusionModel.builder().device("cpu:2x1").dtype("f32").load();
                var classifier = model.classifier().strategy(strategy).load()) {
            RgbImage coat = bundledImage("coat-1.png");
            String alone = json(classifier.classify(coat));
            Dataset dataset = Datasets.csv(bundled.images().resolve("labels.csv"));
            var run = new Thread(() -> new Evaluation(dataset, new Range(null, IMAGES, null, new Shard(1, 1)),
                    folder.resolve("several"), null).run(classifier, new Noting()));
            run.start();
            while (run.isAlive()) {
                assertEquals(alone, json(classifier.classify(coat)));
            }
            run.join();
        }
        assertSameRuns("one", "several");
    }

    @Test
    void aClosedModelRefusesToGoOn() {
        var model = DiffusionModel.builder().device("cpu:2x1").dtype("f32").load();
        var classifier = model.classifier("bag", "coat").strategy(Staged.exhaustive(1)).load();
        model.close();
        assertThrows(IllegalStateException.class, () -> classifier.classify(new RgbImage(1, 1, new byte[3])));
        classifier.close();
        assertThrows(IllegalStateException.class, classifier::load);
    }

    @Test
    void aWrongStrategyIsRefusedAsOnOneDevice() {
        try (var model = DiffusionModel.builder().device("cpu:2x1").load()) {
            assertThrows(InputException.class, () -> model.classifier("bag").strategy(Staged.exhaustive(1001)).load());
        }
    }
}
