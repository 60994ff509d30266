package org.diffusionclassifier;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.ClassifierSpec.Opened;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.score.Evidence;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;

/**
 * Classifies images by a model and prompts. The specification is immutable: {@code strategy}, {@code seed} and the like
 * give a new classifier, and leave this one as it is. It holds nothing on the device until it first classifies, and from
 * then on what its prompts and batches take, until it is closed. It is of use as long as its {@link DiffusionModel} is
 * open, and from any thread; a second thread waits until the image in hand is done. Where the model is on several
 * devices, an image's pairs are spread over all of them.
 */
public final class Classifier implements AutoCloseable {

    private final ClassifierSpec spec;

    /** Held to read while a device has an image for itself, to write while all devices share one, and to close. */
    private final ReadWriteLock turn = new ReentrantReadWriteLock();
    private Opened opened;

    Classifier(DiffusionModel model, PromptSet prompts) {
        this(new ClassifierSpec(model, prompts, Race.byDefault(), TrialSpec.DEFAULT, CertaintySpec.DEFAULT, null,
                null));
    }

    private Classifier(ClassifierSpec spec) {
        this.spec = spec;
    }

    /** Which pairs are evaluated. Default: {@link Race#byDefault}. */
    public Classifier strategy(StrategySpec other) {
        return new Classifier(spec.with(other));
    }

    /** Everything about trials at once. Default: {@link TrialSpec#DEFAULT}. */
    public Classifier trials(TrialSpec other) {
        return new Classifier(spec.with(other));
    }

    /** Everything about probabilities at once. Default: {@link CertaintySpec#DEFAULT}. */
    public Classifier certainty(CertaintySpec other) {
        return new Classifier(spec.with(other));
    }

    /** The noise's seed. */
    public Classifier seed(long seed) {
        return trials(spec.trials().withSeed(seed));
    }

    /** Noises a timestep. */
    public Classifier nTrials(int nTrials) {
        return trials(spec.trials().withNTrials(nTrials));
    }

    /** What classes are compared by. */
    public Classifier loss(Objective loss) {
        return trials(spec.trials().withLoss(loss));
    }

    /** Which timesteps are drawn from, as {@link TrialSpec#timesteps}. */
    public Classifier timesteps(TimestepRange range) {
        return trials(spec.trials().withTimesteps(range));
    }

    /** How much each timestep counts. */
    public Classifier timestepWeights(TimestepWeights weights) {
        return trials(spec.trials().withTimestepWeights(weights));
    }

    /** A file to take noise from, as {@link TrialSpec#noise}. */
    public Classifier noise(Path file) {
        return trials(spec.trials().withNoise(file));
    }

    /** On which transparent parts of pictures lie, as {@link TrialSpec#background}. */
    public Classifier background(Background background) {
        return trials(spec.trials().withBackground(background));
    }

    /** How frequent classes are, as {@link CertaintySpec#prior}. */
    public Classifier prior(Path csv) {
        return certainty(new CertaintySpec(csv, spec.certainty().calibration()));
    }

    /** What {@code calibrate} made, as {@link CertaintySpec#calibration}. */
    public Classifier calibration(Path file) {
        return certainty(new CertaintySpec(spec.certainty().prior(), file));
    }

    /** What races take of how trials covary. Default: the calibration's, or for the bundled model its own. */
    public Classifier covariance(CovarianceCalibration other) {
        return new Classifier(spec.with(other));
    }

    /** Pairs evaluated at once. Default: the model's. */
    public Classifier batchSize(int pairs) {
        return new Classifier(spec.withBatchSize(DeviceSpec.DEFAULT.withBatchSize(pairs).batchSize()));
    }

    /**
     * Refuses what can be refused before anything is loaded.
     *
     * @return this
     * @throws InputException if strategy, loss, priors or calibration do not go with the model and the prompts, or a
     *                        race by covariance is asked for and none that was learned holds
     */
    public Classifier check() {
        spec.check();
        return this;
    }

    /** Loads the model and encodes the prompts now rather than with the first image. @return this */
    public Classifier load() {
        opened(turn.readLock(), now -> null);
        return this;
    }

    /**
     * Classifies an image file.
     *
     * @throws InputException if it is no image
     */
    public Classification classify(Path image) {
        return classify(image.toString(), ImageDecoder.read(image));
    }

    /** Classifies an image of any size. */
    public Classification classify(RgbImage image) {
        return classify("", image);
    }

    /** @param name what the result calls the image */
    public Classification classify(String name, RgbImage image) {
        if (spec.model().replicas().size() == 1) {
            return classify(0, name, image);
        }
        RgbImage picture = image.on(spec.trials().background());
        return opened(turn.writeLock(), now -> now.scorers().together(picture,
                scorer -> classification(name, now, now.onAll().classify(picture))));
    }

    /** Follows the classification of several images; called by the thread that asked for it. */
    @FunctionalInterface
    public interface Results {

        /**
         * The next image's, in the order of images.
         *
         * @param seconds that it took the device, or the devices that shared it
         */
        void next(Classification answer, double seconds);

        /** A device failed, by its name as {@code cuda:1}; another takes its image, and the rest. */
        default void lost(String device, DeviceException failure) {
        }
    }

    /**
     * Classifies image files. Where the model is on several devices, each is given one image at a time; a single image
     * is spread over all of them.
     *
     * @throws InputException for the first that is no image, after the results of those before it
     */
    public void classify(List<Path> images, Results results) {
        new ImageSequence(this, images).classify(results);
    }

    /** Classifies on one of the model's devices, while others may be at other images. */
    Classification classify(int device, String name, RgbImage image) {
        RgbImage picture = image.on(spec.trials().background());
        return opened(turn.readLock(), now -> now.scorers().shares().get(device).exclusively(picture,
                scorer -> classification(name, now, now.onEach().get(device).classify(picture))));
    }

    /** Follows the classification of one image; called by the thread of its device. */
    @FunctionalInterface
    public interface Rounds {

        /**
         * Another batch of a round was evaluated. What it throws ends the classification without an answer.
         *
         * @param soFar makes the answer as it stands, during this call; null before all classes have had a trial
         * @return whether to go on; if not, the answer is the one so far, as soon as there is one
         */
        boolean next(Supplier<Classification> soFar);
    }

    /**
     * Classifies an image on one of the model's devices as if it were the first: whether earlier images bore out what
     * was learned of how trials covary plays no part, and this one teaches no later one. Others may be at other images
     * on other devices. It is how a server answers requests that have nothing to do with each other.
     *
     * @param device which, as {@link DiffusionModel#devices} counts them
     * @param name   what the result calls the image
     */
    public Classification classifyAlone(int device, String name, RgbImage image, Rounds rounds) {
        RgbImage picture = image.on(spec.trials().background());
        return opened(turn.readLock(), now -> {
            List<String> notices = now.chosen() == null ? List.of() : now.chosen().notices();
            return now.scorers().shares().get(device).exclusively(picture, scorer -> {
                Function<Prediction, Classification> answer = prediction ->
                        new Classification(name, prediction, now.posterior(), spec.prompts(), notices);
                return answer.apply(now.onEach().get(device).classify(picture,
                        soFar -> rounds.next(soFar == null ? null : () -> answer.apply(soFar.get()))));
            });
        });
    }

    /** Does work for an image that several workers share, with what the model's first device has for images. */
    <T> T share(RgbImage image, SharedImage.Work<T> work) {
        RgbImage picture = image.on(spec.trials().background());
        return opened(turn.readLock(), now -> now.scorers().shares().get(0).exclusively(picture,
                scorer -> work.of(picture, scorer, now)));
    }

    synchronized Classification classification(String name, Opened now, Prediction prediction) {
        takeIn(now, List.of(prediction));
        return new Classification(name, prediction, now.posterior(), spec.prompts(),
                now.chosen() == null ? List.of() : now.chosen().takeNotices());
    }

    /**
     * Goes on where an earlier classifier of the same settings stopped: with what it found of how trials covary.
     *
     * @param done what it decided, in that order; asked for only where it matters
     */
    void resume(Supplier<List<Prediction>> done) {
        opened(turn.readLock(), now -> {
            if (now.chosen() != null && now.chosen().isChecked()) {
                takeIn(now, done.get());
            }
            return null;
        });
    }

    /**
     * Holds what was decided about images against what was learned of how trials covary, in the order in which devices
     * finish them. Images that others have in hand are decided as they were begun.
     */
    private synchronized void takeIn(Opened now, List<Prediction> predictions) {
        if (now.chosen() != null && predictions.stream().anyMatch(now.chosen()::changesAfter)) {
            opened = spec.opened(now.scorers(), now.posterior(), now.chosen());
        }
    }

    /**
     * Evaluates the winner and the best other class once more, for where in the image the evidence lies.
     *
     * @param answer what this classifier decided about {@code image}, of two classes at least
     */
    public Explanation explain(RgbImage image, Classification answer) {
        return explain(Scorers::working, image, answer);
    }

    /** The same on one of the model's devices. @param device which, as {@link DiffusionModel#devices} counts them */
    public Explanation explain(int device, RgbImage image, Classification answer) {
        return explain(scorers -> scorers.shares().get(device), image, answer);
    }

    private Explanation explain(Function<Scorers, Scorers.Share> where, RgbImage image, Classification answer) {
        Prediction prediction = answer.prediction();
        int runnerUp = spec.prompts().classRanks(prediction).stream().skip(1)
                .filter(rank -> prediction.ranking().get(rank).errors().length > 0).findFirst().orElseThrow();
        RgbImage picture = image.on(spec.trials().background());
        return opened(turn.readLock(), now -> where.apply(now.scorers()).exclusively(picture, scorer -> {
            scorer.show(picture);
            var evidence = Evidence.between(prediction.winner(), prediction.ranking().get(runnerUp), scorer);
            return new Explanation(scorer.seen(picture), evidence, className(prediction, 0),
                    className(prediction, runnerUp));
        }));
    }

    private String className(Prediction prediction, int rank) {
        return spec.prompts().prompts().get(prediction.ranking().get(rank).prompt()).className();
    }

    /**
     * What the user should know of the prompts, a line each: captions that were cut, classes that are the same to the
     * model. Loads the model.
     */
    public List<String> notices() {
        return PromptNotices.of(spec.prompts(), opened(turn.readLock(), now -> now.scorers().conditioning()));
    }

    /** What images are compared with. */
    public PromptSet prompts() {
        return spec.prompts();
    }

    public StrategySpec strategy() {
        return spec.strategy();
    }

    /** The model's timesteps, T. */
    public int timesteps() {
        return spec.timesteps();
    }

    /** Elements of the latent that an error is the mean over. */
    public int elements() {
        return spec.latents().elements();
    }

    /** Everything that results depend on but the prompts, by name; loads the model. */
    public SortedMap<String, String> settings() {
        return settings(spec.settledStrategy());
    }

    /** The same with another strategy in the place of its own. */
    SortedMap<String, String> settings(StrategySpec as) {
        return spec.settings(as, opened(turn.readLock(), now -> now.scorers().first().pairsAhead()));
    }

    /** What the errors of a prompt on an image depend on, by name. */
    SortedMap<String, String> conditions() {
        return spec.conditions();
    }

    /** The files that results depend on: the model's, but for the bundled one's, and those that settings name. */
    List<Path> inputs() {
        return spec.inputs();
    }

    /** Digest of the contents of the files that results depend on, wherever they lie; reads them all. */
    public String inputsSha256() {
        var all = new Sha256();
        for (Path file : inputs()) {
            try {
                all.add(Sha256.of(file));
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
        return all.hex();
    }

    /** Pairs evaluated at once; loads the model. */
    public int pairsABatch() {
        return opened(turn.readLock(), now -> now.scorers().first().batchSize());
    }

    /** The names of the devices that images can be given to. */
    List<String> devices() {
        return spec.model().devices();
    }

    /** A device failed, and the others go on. */
    void failed(int device) {
        spec.model().replicas().get(device).failed();
    }

    /** Does work with what is open, and opens it first if it is not there yet. */
    private <T> T opened(Lock lock, Function<Opened, T> work) {
        lock.lock();
        try {
            return work.apply(open());
        } finally {
            lock.unlock();
        }
    }

    private synchronized Opened open() {
        if (opened == null) {
            opened = spec.open();
        }
        return opened;
    }

    /** Frees what it holds on the devices; it may classify again, and holds that again then. */
    @Override
    public void close() {
        turn.writeLock().lock();
        try {
            Opened now = taken();
            if (now != null) {
                now.scorers().close();
            }
        } finally {
            turn.writeLock().unlock();
        }
    }

    private synchronized Opened taken() {
        Opened now = opened;
        opened = null;
        return now;
    }
}
