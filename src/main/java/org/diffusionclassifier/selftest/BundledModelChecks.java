package org.diffusionclassifier.selftest;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.DeviceName;
import org.diffusionclassifier.DeviceSpec;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.strategy.Staged;

/**
 * The bundled model on its pictures, from image to error: pair by pair against the CPU in float32, and against itself
 * where the bits must be the same.
 */
final class BundledModelChecks implements AutoCloseable {

    private static final String GROUP = "bundled model";
    private static final String[] CLASSES = {"bag", "sneaker"};
    private static final String PICTURE = "bag-1.png";
    private static final String OTHER = "sneaker-0.png";
    /** Neither a multiple of the classes nor a divisor of the pairs: batches of several shapes. */
    private static final int BATCH = 3;
    /** A fraction of the weights, and enough for the largest layer to pass through. */
    private static final long BUDGET = 4L << 20;

    private final DeviceName device;
    private final DeviceSpec.Type dtype;
    private final double allowed;
    private final Staged strategy;
    private DiffusionModel model;
    private Classifier classifier;
    /** What the first of all runs found. */
    private float[] first;

    /**
     * @param dtype   what the device computes in
     * @param allowed relative miss of a pair's error
     * @param quick   whether few trials will do
     */
    BundledModelChecks(DeviceName device, DeviceSpec.Type dtype, double allowed, boolean quick) {
        this.device = device;
        this.dtype = dtype;
        this.allowed = allowed;
        this.strategy = Staged.exhaustive(quick ? 2 : 20);
    }

    List<Check> checks() {
        return List.of(
                new Check(GROUP, "each pair against the CPU in f32", allowed, this::missOfThePairs),
                new Check(GROUP, "a graph replayed: errors that differ", 0, () -> differing(first(), errors(PICTURE))),
                new Check(GROUP, "weights beyond a budget: errors that differ", 0, this::differingUnderABudget),
                new Check(GROUP, "two threads at once: errors that differ", 0, this::differingByThreads));
    }

    private static DiffusionModel open(DeviceName on, DeviceSpec.Type dtype, Long budget) {
        return DiffusionModel.builder()
                .device(new DeviceSpec(List.of(on), dtype, Kernels.NATIVE, BATCH, budget)).load();
    }

    /** Of the device under test, opened with the first check. */
    private float[] errors(String picture) {
        if (model == null) {
            model = open(device, dtype, null);
            classifier = model.classifier(CLASSES).strategy(strategy);
        }
        return errors(classifier, picture);
    }

    private float[] first() {
        if (first == null) {
            first = errors(PICTURE);
        }
        return first;
    }

    /** Of each prompt in turn, its trials' errors. */
    private static float[] errors(Classifier classifier, String picture) {
        List<PromptErrors> prompts = classifier.classify(picture(picture)).prediction().ranking().stream()
                .sorted(Comparator.comparingInt(PromptErrors::prompt)).toList();
        int trials = prompts.get(0).errors().length;
        float[] all = new float[prompts.size() * trials];
        for (int i = 0; i < prompts.size(); i++) {
            System.arraycopy(prompts.get(i).errors(), 0, all, i * trials, trials);
        }
        return all;
    }

    private static RgbImage picture(String name) {
        try (var bundled = BundledModel.open()) {
            return ImageDecoder.read(bundled.images().resolve(name));
        }
    }

    private double missOfThePairs() {
        float[] found = first();
        try (var cpu = open(DeviceName.list("cpu").get(0), DeviceSpec.Type.F32, null);
                var reference = cpu.classifier(CLASSES).strategy(strategy).batchSize(64)) {
            float[] expected = errors(reference, PICTURE);
            double worst = 0;
            for (int i = 0; i < expected.length; i++) {
                worst = Math.max(worst, Math.abs(found[i] - expected[i]) / expected[i]);
            }
            return found.length == expected.length ? worst : Double.NaN;
        }
    }

    private static double differing(float[] found, float[] expected) {
        if (found.length != expected.length) {
            return Double.NaN;
        }
        int differing = 0;
        for (int i = 0; i < found.length; i++) {
            differing += Float.floatToRawIntBits(found[i]) == Float.floatToRawIntBits(expected[i]) ? 0 : 1;
        }
        return differing;
    }

    private double differingUnderABudget() {
        try (var streaming = open(device, dtype, BUDGET);
                var streamed = streaming.classifier(CLASSES).strategy(strategy)) {
            return differing(errors(streamed, PICTURE), first());
        }
    }

    private double differingByThreads() {
        List<float[]> expected = List.of(first(), errors(OTHER));
        if (Arrays.equals(expected.get(0), expected.get(1))) {
            return Double.NaN;
        }
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            var first = CompletableFuture.supplyAsync(() -> errors(PICTURE), threads);
            var second = CompletableFuture.supplyAsync(() -> errors(OTHER), threads);
            return differing(first.get(), expected.get(0)) + differing(second.get(), expected.get(1));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            threads.shutdownNow();
        }
    }

    @Override
    public void close() {
        if (model != null) {
            classifier.close();
            model.close();
        }
    }
}
