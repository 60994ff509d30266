package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Scorer;

/**
 * Decides which prompt fits an image (Li et al., 2023, section 3.3): a strategy chooses pairs and a scorer evaluates
 * them, until one prompt is left. For one thread.
 */
public final class AdaptiveEvaluation {

    private final Scorer scorer;
    private final Strategy strategy;
    private final Twins twins;

    public AdaptiveEvaluation(Scorer scorer, Strategy strategy) {
        this(scorer, strategy, new double[scorer.prompts()]);
    }

    /** Of prompts that are a class each. @param handicaps of each prompt: see {@link Posterior#handicaps} */
    public AdaptiveEvaluation(Scorer scorer, Strategy strategy, double[] handicaps) {
        this(scorer, strategy, handicaps, IntStream.range(0, handicaps.length).boxed().toList());
    }

    /** @param classes of each prompt: two that are one to the scorer are a tie if their classes are two */
    public AdaptiveEvaluation(Scorer scorer, Strategy strategy, double[] handicaps, List<Integer> classes) {
        this.scorer = scorer;
        this.strategy = strategy;
        this.twins = Twins.of(scorer, handicaps, classes);
    }

    public Prediction classify(RgbImage image) {
        return classify(image, soFar -> true);
    }

    /**
     * The same, followed batch by batch.
     *
     * @param goesOn gets what makes the prediction as it stands, or null before all prompts have had a trial; false ends
     *               the evaluation with that prediction, as soon as there is one
     */
    public Prediction classify(RgbImage image, Predicate<Supplier<Prediction>> goesOn) {
        scorer.show(image);
        var tally = new Tally(twins, strategy.estimate());
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            Round asked = round.get();
            float[][] errors = scorer.errors(asked, (evaluated, done) ->
                    done == asked.trials().size() || goesOn(goesOn, tally, asked, evaluated, done));
            if (errors.length < asked.trials().size()) {
                return tally.with(asked, errors, errors.length).prediction();
            }
            tally.add(asked, errors);
            tally.keep(strategy.survivors(tally));
            if (!goesOn.test(tally::prediction)) {
                break;
            }
        }
        return tally.prediction();
    }

    /**
     * The same, of an image that several workers share. The image is shown to the scorer only if there is anything to
     * evaluate here.
     *
     * @return empty once a round is left to workers
     */
    public Optional<Prediction> classify(RgbImage image, SharedRounds shared) {
        var tally = new Tally(twins, strategy.estimate());
        boolean shown = false;
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            Round asked = round.get();
            Optional<float[][]> known = shared.evaluated(asked);
            if (known.isEmpty()) {
                if (shared.isLeft(asked)) {
                    return Optional.empty();
                }
                if (!shown) {
                    scorer.show(image);
                    shown = true;
                }
            }
            tally.add(asked, known.orElseGet(() -> scorer.errors(asked)));
            tally.keep(strategy.survivors(tally));
        }
        return Optional.of(tally.prediction());
    }

    /** The round that every image begins with. */
    public Round firstRound() {
        return strategy.next(new Tally(twins, strategy.estimate())).orElseThrow();
    }

    /** In the middle of a round. */
    private static boolean goesOn(Predicate<Supplier<Prediction>> goesOn, Tally tally, Round round, float[][] evaluated,
            int done) {
        if (done == 0 && tally.trials().isEmpty()) {
            goesOn.test(null);
            return true;
        }
        return goesOn.test(() -> tally.with(round, evaluated, done).prediction());
    }
}
