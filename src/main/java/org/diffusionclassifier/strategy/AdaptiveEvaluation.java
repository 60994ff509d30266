package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.Optional;
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
        scorer.show(image);
        var tally = new Tally(twins, strategy.estimate());
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            tally.add(round.get(), scorer.errors(round.get()));
            tally.keep(strategy.survivors(tally));
        }
        return tally.prediction();
    }
}
