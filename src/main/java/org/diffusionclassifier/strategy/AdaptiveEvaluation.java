package org.diffusionclassifier.strategy;

import java.util.Optional;
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
    private final double[] handicaps;

    public AdaptiveEvaluation(Scorer scorer, Strategy strategy) {
        this(scorer, strategy, new double[scorer.prompts()]);
    }

    /** @param handicaps of each prompt: see {@link Posterior#handicaps} */
    public AdaptiveEvaluation(Scorer scorer, Strategy strategy, double[] handicaps) {
        this.scorer = scorer;
        this.strategy = strategy;
        this.handicaps = handicaps.clone();
    }

    public Prediction classify(RgbImage image) {
        scorer.show(image);
        var tally = new Tally(handicaps, strategy.estimate());
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            tally.add(round.get(), scorer.errors(round.get()));
            tally.keep(strategy.survivors(tally));
        }
        return tally.prediction();
    }
}
