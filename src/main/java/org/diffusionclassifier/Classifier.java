package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.prompt.LabelTree;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.score.Evidence;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;

/**
 * Classifies images by a model and prompts. The specification is immutable: {@code strategy}, {@code seed} and the like
 * give a new classifier, and leave this one as it is. It holds nothing on the device until it first classifies, and from
 * then on what its prompts and batches take, until it is closed. It is of use as long as its {@link DiffusionModel} is
 * open, and from any thread; a second thread waits until the image in hand is done.
 */
public final class Classifier implements AutoCloseable {

    private final DiffusionModel model;
    private final PromptSet prompts;
    private final StrategySpec strategy;
    private final TrialSpec trials;
    private final CertaintySpec certainty;
    private final CovarianceCalibration learned;
    private final Integer batchSize;
    private volatile Opened opened;

    /** What is there from the first image on; used exclusively. */
    private record Opened(Networks.Opened networks, Posterior posterior, AdaptiveEvaluation evaluation,
            ChosenBound chosen) {

        LatentScorer scorer() {
            return networks.scorer();
        }
    }

    Classifier(DiffusionModel model, PromptSet prompts) {
        this(model, prompts, Race.byDefault(), TrialSpec.DEFAULT, CertaintySpec.DEFAULT, null, null);
    }

    private Classifier(DiffusionModel model, PromptSet prompts, StrategySpec strategy, TrialSpec trials,
                       CertaintySpec certainty, CovarianceCalibration learned, Integer batchSize) {
        this.model = model;
        this.prompts = prompts;
        this.strategy = Objects.requireNonNull(strategy);
        this.trials = Objects.requireNonNull(trials);
        this.certainty = Objects.requireNonNull(certainty);
        this.learned = learned;
        this.batchSize = batchSize;
    }

    /** Which pairs are evaluated. Default: {@link Race#byDefault}. */
    public Classifier strategy(StrategySpec other) {
        return new Classifier(model, prompts, other, trials, certainty, learned, batchSize);
    }

    /** Everything about trials at once. Default: {@link TrialSpec#DEFAULT}. */
    public Classifier trials(TrialSpec other) {
        return new Classifier(model, prompts, strategy, other, certainty, learned, batchSize);
    }

    /** Everything about probabilities at once. Default: {@link CertaintySpec#DEFAULT}. */
    public Classifier certainty(CertaintySpec other) {
        return new Classifier(model, prompts, strategy, trials, other, learned, batchSize);
    }

    /** The noise's seed. */
    public Classifier seed(long seed) {
        return trials(trials.withSeed(seed));
    }

    /** Noises a timestep. */
    public Classifier nTrials(int nTrials) {
        return trials(trials.withNTrials(nTrials));
    }

    /** What classes are compared by. */
    public Classifier loss(Objective loss) {
        return trials(trials.withLoss(loss));
    }

    /** A file to take noise from, as {@link TrialSpec#noise}. */
    public Classifier noise(Path file) {
        return trials(trials.withNoise(file));
    }

    /** On which transparent parts of pictures lie, as {@link TrialSpec#background}. */
    public Classifier background(Background background) {
        return trials(trials.withBackground(background));
    }

    /** How frequent classes are, as {@link CertaintySpec#prior}. */
    public Classifier prior(Path csv) {
        return certainty(new CertaintySpec(csv, certainty.calibration()));
    }

    /** What {@code calibrate} made, as {@link CertaintySpec#calibration}. */
    public Classifier calibration(Path file) {
        return certainty(new CertaintySpec(certainty.prior(), file));
    }

    /** What races take of how trials covary. Default: the calibration's, or for the bundled model its own. */
    public Classifier covariance(CovarianceCalibration other) {
        return new Classifier(model, prompts, strategy, trials, certainty, other, batchSize);
    }

    /** Pairs evaluated at once. Default: the model's. */
    public Classifier batchSize(int pairs) {
        return new Classifier(model, prompts, strategy, trials, certainty, learned,
                DeviceSpec.DEFAULT.withBatchSize(pairs).batchSize());
    }

    /**
     * Refuses what can be refused before anything is loaded.
     *
     * @return this
     * @throws InputException if strategy, loss, priors or calibration do not go with the model and the prompts, or a
     *                        race by covariance is asked for and none that was learned holds
     */
    public Classifier check() {
        strategy.check(prompts.prompts().size());
        if (strategy instanceof Race race && race.tree() != null) {
            LabelTree.read(race.tree(), prompts);
        }
        noises();
        LatentScorer.requireFits(trials.loss(), latents());
        certainty.check(prompts);
        chosenBound();
        return this;
    }

    private int noises() {
        return strategy.noises(latents().noise().timesteps(), trials.nTrials());
    }

    /** Loads the model and encodes the prompts now rather than with the first image. @return this */
    public Classifier load() {
        model.exclusively(this::open);
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
        return model.exclusively(() -> {
            Opened now = open();
            RgbImage picture = image.on(trials.background());
            model.show(picture, now.networks);
            Prediction prediction = now.evaluation.classify(picture);
            takeIn(List.of(prediction));
            return new Classification(name, prediction, now.posterior, prompts,
                    now.chosen == null ? List.of() : now.chosen.takeNotices());
        });
    }

    /** Holds what was decided about images, one after the other, against what was learned of how trials covary. */
    private void takeIn(List<Prediction> predictions) {
        Opened now = open();
        if (now.chosen != null && predictions.stream().anyMatch(now.chosen::changesAfter)) {
            opened = new Opened(now.networks, now.posterior,
                    evaluation(now.scorer(), now.posterior, now.chosen), now.chosen);
        }
    }

    /**
     * Goes on where an earlier classifier of the same settings stopped: with what it found of how trials covary.
     *
     * @param done what it decided, in that order; asked for only where it matters
     */
    void resume(Supplier<List<Prediction>> done) {
        model.exclusively(() -> {
            ChosenBound chosen = open().chosen;
            if (chosen != null && chosen.isChecked()) {
                takeIn(done.get());
            }
            return null;
        });
    }

    /**
     * Evaluates the winner and the best other class once more, for where in the image the evidence lies.
     *
     * @param answer what this classifier decided about {@code image}, of two classes at least
     */
    public Explanation explain(RgbImage image, Classification answer) {
        Prediction prediction = answer.prediction();
        int runnerUp = prompts.classRanks(prediction).stream().skip(1)
                .filter(rank -> prediction.ranking().get(rank).errors().length > 0).findFirst().orElseThrow();
        return model.exclusively(() -> {
            LatentScorer scorer = open().scorer();
            RgbImage picture = image.on(trials.background());
            scorer.show(picture);
            var evidence = Evidence.between(prediction.winner(), prediction.ranking().get(runnerUp), scorer);
            return new Explanation(scorer.seen(picture), evidence, className(prediction, 0),
                    className(prediction, runnerUp));
        });
    }

    private String className(Prediction prediction, int rank) {
        return prompts.prompts().get(prediction.ranking().get(rank).prompt()).className();
    }

    /**
     * What the user should know of the prompts, a line each: captions that were cut, classes that are the same to the
     * model. Loads the model.
     */
    public List<String> notices() {
        return PromptNotices.of(prompts, model.exclusively(() -> open().networks.conditioning()));
    }

    /** What images are compared with. */
    public PromptSet prompts() {
        return prompts;
    }

    public StrategySpec strategy() {
        return strategy;
    }

    /** The model's timesteps, T. */
    public int timesteps() {
        return latents().noise().timesteps();
    }

    /** Elements of the latent that an error is the mean over. */
    public int elements() {
        return latents().elements();
    }

    /** Everything that results depend on but the prompts, by name; loads the model. */
    public SortedMap<String, String> settings() {
        ChosenBound chosen = chosenBound();
        return settings(chosen == null ? strategy : chosen.race());
    }

    /** The same with another strategy in the place of its own. */
    SortedMap<String, String> settings(StrategySpec as) {
        var settings = new TreeMap<String, String>();
        model.describe(settings);
        as.describe(settings, model.exclusively(() -> open().scorer().pairsAhead()));
        trials.describe(settings);
        certainty.describe(settings);
        return settings;
    }

    /** What the errors of a prompt on an image depend on, by name. */
    SortedMap<String, String> conditions() {
        var conditions = new TreeMap<String, String>();
        model.files().describe(conditions);
        trials.describe(conditions);
        return conditions;
    }

    /** The files that results depend on: the model's, but for the bundled one's, and those that settings name. */
    List<Path> inputs() {
        Path tree = strategy instanceof Race race ? race.tree() : null;
        return Stream.concat(model.files().inputs().stream(),
                Stream.of(trials.noise(), certainty.prior(), certainty.calibration(), tree).filter(Objects::nonNull))
                .toList();
    }

    private Latents latents() {
        return model.files().latents();
    }

    private Opened open() {
        model.requireOpen();
        if (opened == null) {
            check();
            var networks = model.open(prompts.prompts().stream().map(Prompt::text).toList(), trials, noises(), batchSize);
            try {
                LatentScorer scorer = networks.scorer();
                Posterior posterior = certainty.posterior(prompts, scorer.elements(), temperature());
                ChosenBound chosen = chosenBound();
                opened = new Opened(networks, posterior, evaluation(scorer, posterior, chosen), chosen);
            } catch (RuntimeException e) {
                model.release(networks);
                throw e;
            }
        }
        return opened;
    }

    private AdaptiveEvaluation evaluation(LatentScorer scorer, Posterior posterior, ChosenBound chosen) {
        return new AdaptiveEvaluation(scorer, strategy(scorer.pairsAhead(), chosen), posterior.handicaps(),
                prompts.classIndices());
    }

    private Strategy strategy(int pairsAhead, ChosenBound chosen) {
        if (chosen == null) {
            return strategy.strategy(timesteps(), trials.nTrials(), prompts.classIndices(), pairsAhead);
        }
        Race race = chosen.race();
        List<Trial> all = race.trials(timesteps(), trials.nTrials());
        return race.tree() == null ? race.strategy(all, prompts.classIndices(), pairsAhead, chosen.bound())
                : race.strategy(all, LabelTree.read(race.tree(), prompts), pairsAhead, chosen.bound());
    }

    /** Null for a strategy that is no race. */
    private ChosenBound chosenBound() {
        if (!(strategy instanceof Race race)) {
            return null;
        }
        CovarianceCalibration known = learned != null ? learned
                : certainty.calibration() != null ? certainty.covariance()
                : model.files().bundled() != null ? Calibration.bundled().covariance() : null;
        return ChosenBound.of(race, known, conditions(), race.trials(timesteps(), trials.nTrials()));
    }

    /** That of the bundled model for its loss. */
    private double temperature() {
        return model.files().bundled() != null && trials.loss() == Objective.L2
                ? Calibration.bundled().temperature() : 1;
    }

    /** Frees what it holds on the device; it may classify again, and holds that again then. */
    @Override
    public void close() {
        Opened now = opened;
        if (now != null) {
            opened = null;
            model.release(now.networks);
        }
    }
}
