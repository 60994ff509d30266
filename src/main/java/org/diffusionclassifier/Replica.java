package org.diffusionclassifier;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.PredictionTrial;
import org.diffusionclassifier.score.SpreadScorer.Lane;

/**
 * A model on one device, with a thread of its own: OpenMP's threads belong to the thread that uses them, and a device
 * serves one at a time. The device is opened and the networks are loaded when they are first needed. Leans on
 * {@link ModelFiles} for what is loaded and on {@link Networks} for what is made of it.
 */
final class Replica implements AutoCloseable {

    /** Opens the device; called once, by the replica's thread. */
    @FunctionalInterface
    interface Opener {

        /** @throws DeviceException if it cannot be used */
        Device open(DeviceName name, WeightsBudget budget);
    }

    private final DeviceName name;
    private final Opener opener;
    private final ModelFiles files;
    private final WeightsBudget budget;
    private final Integer batchSize;
    private final Consumer<String> log;
    private final Consumer<String> warning;
    private final OneThread thread;
    private final Deque<Networks.Opened> scorers = new ArrayDeque<>();
    private Device device;
    private Networks networks;
    private boolean shownImage;
    private volatile boolean failed;
    private volatile boolean closed;

    /**
     * @param files     its own; closed with it
     * @param batchSize pairs evaluated at once; null to choose by the size of the model and the device
     * @param log       gets a line whenever something was loaded
     * @param warning   gets what only the device or the first image shows to be doubtful
     */
    Replica(DeviceName name, Opener opener, ModelFiles files, WeightsBudget budget, Integer batchSize,
            Consumer<String> log, Consumer<String> warning) {
        this.name = name;
        this.opener = opener;
        this.files = files;
        this.budget = budget;
        this.batchSize = batchSize;
        this.log = log;
        this.warning = warning;
        this.thread = new OneThread("diffusion-model " + name);
    }

    /** Does the same on each at once, and waits for all; the first failure, in the order of replicas, is thrown. */
    static <T> List<T> onEach(List<Replica> replicas, Function<Replica, T> work) {
        return Lane.results(replicas.stream().map(replica -> replica.submit(() -> work.apply(replica))).toList());
    }

    DeviceName name() {
        return name;
    }

    /** Does work on the device while no other thread does; waits until then. */
    <T> T exclusively(Supplier<T> work) {
        return thread.call(work);
    }

    /** As {@link #exclusively}, without waiting, and only if the model is open. */
    <T> CompletableFuture<T> submit(Supplier<T> work) {
        return CompletableFuture.supplyAsync(() -> {
            requireOpen();
            return work.get();
        }, thread);
    }

    /** Opens the device, if it is not there yet, and says in one line what it is and what it computes in. */
    String description() {
        return exclusively(() -> device().description());
    }

    /** As {@link Networks#open}; called {@link #exclusively}. The caller gives it to {@link #release} in the end. */
    Networks.Opened open(Collection<String> prompts, TrialSpec trials, int noises, Integer pairs) {
        requireOpen();
        if (networks == null) {
            networks = new Networks(files.load(device()), budget, log);
        }
        var opened = networks.open(List.copyOf(prompts), trials, noises, pairs != null ? pairs : batchSize);
        scorers.push(opened);
        return opened;
    }

    /**
     * Puts what the model predicts to the test with the first image that it is shown, where it is a guess: see
     * {@link PredictionTrial}. Called {@link #exclusively}, before the image is evaluated.
     */
    void show(RgbImage image, Networks.Opened opened) {
        if (shownImage) {
            return;
        }
        shownImage = true;
        files.otherNoise().map(other -> networks.predictionTrial(other, opened, image))
                .filter(PredictionTrial::contradicts)
                .ifPresent(trial -> warning.accept(String.format(Locale.ROOT, "the model's error on the first image is "
                        + "%.4f if it predicts epsilon, as it is taken to, and %.4f if v: does it predict v?",
                        trial.assumed(), trial.other())));
    }

    /** Closes what {@link #open} gave, if the model has not been closed with it. */
    void release(Networks.Opened opened) {
        if (!closed) {
            exclusively(() -> {
                if (scorers.remove(opened)) {
                    forgivingly(opened::close);
                }
                return null;
            });
        }
    }

    /** @throws IllegalStateException if the model has been closed; called {@link #exclusively} */
    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    /** The device failed, and others go on without it: what closing it reports is known already. */
    void failed() {
        failed = true;
    }

    boolean hasFailed() {
        return failed;
    }

    private Device device() {
        requireOpen();
        if (device == null) {
            files.readAhead();
            device = opener.open(name, budget);
            log.accept("native libraries loaded: " + device.description());
            device.notices().forEach(warning);
        }
        return device;
    }

    /** Frees the device and closes the files. */
    @Override
    public void close() {
        exclusively(() -> {
            if (closed) {
                return null;
            }
            closed = true;
            while (!scorers.isEmpty()) {
                forgivingly(scorers.pop()::close);
            }
            if (networks != null) {
                forgivingly(networks::close);
            }
            files.close();
            if (device != null) {
                forgivingly(device::close);
            }
            return null;
        });
        thread.close();
    }

    /** Closes a part, and says nothing of a device that is known to have failed. */
    private void forgivingly(Runnable close) {
        try {
            close.run();
        } catch (DeviceException e) {
            if (!failed) {
                throw e;
            }
        }
    }
}
