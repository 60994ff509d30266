package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.prompt.LabelTree;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Scorer;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.AdaptiveEvaluation;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.Strategy;
import org.diffusionclassifier.strategy.StrategySpec;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a {@link Classifier} is, apart from what it holds on devices: the model, the prompts, and all that a user
 * decided. It refuses what does not go together, and opens the rest.
 *
 * @param learned   what races take of how trials covary; null for the calibration's, or the bundled model's own
 * @param batchSize pairs evaluated at once; null for the model's
 */
record ClassifierSpec(DiffusionModel model, PromptSet prompts, StrategySpec strategy, TrialSpec trials,
        CertaintySpec certainty, CovarianceCalibration learned, Integer batchSize) {

    /**
     * What is there from the first image on.
     *
     * @param onEach for an image that a device has for itself, one for each of the scorers' shares
     * @param onAll  for an image that all devices share
     * @param chosen what a race judges by; null for a strategy that is none
     */
    record Opened(Scorers scorers, Posterior posterior, List<AdaptiveEvaluation> onEach,
            AdaptiveEvaluation onAll, ChosenBound chosen) {
    }

    ClassifierSpec {
        Objects.requireNonNull(strategy);
        Objects.requireNonNull(trials);
        Objects.requireNonNull(certainty);
    }

    ClassifierSpec with(StrategySpec other) {
        return new ClassifierSpec(model, prompts, other, trials, certainty, learned, batchSize);
    }

    ClassifierSpec with(TrialSpec other) {
        return new ClassifierSpec(model, prompts, strategy, other, certainty, learned, batchSize);
    }

    ClassifierSpec with(CertaintySpec other) {
        return new ClassifierSpec(model, prompts, strategy, trials, other, learned, batchSize);
    }

    ClassifierSpec with(CovarianceCalibration other) {
        return new ClassifierSpec(model, prompts, strategy, trials, certainty, other, batchSize);
    }

    ClassifierSpec withBatchSize(Integer pairs) {
        return new ClassifierSpec(model, prompts, strategy, trials, certainty, learned, pairs);
    }

    Latents latents() {
        return model.files().latents();
    }

    /** The model's timesteps, T. */
    int timesteps() {
        return latents().noise().timesteps();
    }

    /** Those of them that trials are drawn from. */
    TimestepRange drawnFrom() {
        return trials.drawnFrom(timesteps());
    }

    /** As {@link Classifier#check}. */
    void check() {
        strategy.check(prompts.prompts().size());
        if (strategy instanceof Race race && race.tree() != null) {
            LabelTree.read(race.tree(), prompts);
        }
        noises();
        trials.factors(latents().noise());
        LatentScorer.requireFits(trials.loss(), latents());
        certainty.check(prompts);
        chosenBound();
    }

    private int noises() {
        return strategy.noises(drawnFrom(), trials.nTrials());
    }

    /** A race as what it judges by makes it; any other strategy as it is. */
    StrategySpec settledStrategy() {
        ChosenBound chosen = chosenBound();
        return chosen == null ? strategy : chosen.race();
    }

    /** Everything that results depend on but the prompts, by name, with another strategy in the place of its own. */
    SortedMap<String, String> settings(StrategySpec as, int pairsAhead) {
        var settings = new TreeMap<String, String>();
        model.describe(settings);
        as.describe(settings, pairsAhead);
        trials.describe(settings, timesteps());
        certainty.describe(settings);
        return settings;
    }

    /** As {@link Classifier#conditions}. */
    SortedMap<String, String> conditions() {
        var conditions = new TreeMap<String, String>();
        model.files().describe(conditions);
        trials.describe(conditions, timesteps());
        return conditions;
    }

    /** As {@link Classifier#inputs}. */
    List<Path> inputs() {
        Path tree = strategy instanceof Race race ? race.tree() : null;
        return Stream.of(model.files().inputs().stream(), trials.inputs(),
                Stream.of(certainty.prior(), certainty.calibration(), tree).filter(Objects::nonNull))
                .flatMap(Function.identity()).toList();
    }

    /** Loads the model and encodes the prompts. @throws InputException as {@link #check} */
    Opened open() {
        check();
        var scorers = Scorers.open(model.replicas(), prompts.prompts().stream().map(Prompt::text).toList(), trials,
                noises(), batchSize);
        try {
            Posterior posterior = certainty.posterior(prompts, scorers.first().elements(), temperature());
            return opened(scorers, posterior, chosenBound());
        } catch (RuntimeException e) {
            scorers.close();
            throw e;
        }
    }

    /** With what a race judges by as it is now. */
    Opened opened(Scorers scorers, Posterior posterior, ChosenBound chosen) {
        Strategy strategy = strategy(scorers.first().pairsAhead(), chosen);
        return new Opened(scorers, posterior,
                scorers.shares().stream().map(share -> evaluation(share.scorer(), strategy, posterior)).toList(),
                evaluation(scorers.ofAll(), strategy, posterior), chosen);
    }

    private AdaptiveEvaluation evaluation(Scorer scorer, Strategy chosen, Posterior posterior) {
        return new AdaptiveEvaluation(scorer, chosen, posterior.handicaps(), prompts.classIndices());
    }

    private Strategy strategy(int pairsAhead, ChosenBound chosen) {
        if (chosen == null) {
            return strategy.strategy(drawnFrom(), trials.nTrials(), prompts.classIndices(), pairsAhead);
        }
        Race race = chosen.race();
        List<Trial> all = race.trials(drawnFrom(), trials.nTrials());
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
        return ChosenBound.of(race, known, conditions(), race.trials(drawnFrom(), trials.nTrials()),
                trials.factors(latents().noise()));
    }

    /** That of the bundled model for its loss, over the timesteps that it was fitted to. */
    private double temperature() {
        return model.files().bundled() != null && trials.loss() == Objective.L2
                && trials.countsAllTimesteps(timesteps()) ? Calibration.bundled().temperature() : 1;
    }
}
