package org.diffusionclassifier.strategy;

import java.util.Optional;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Scorer;

/** Decides which prompt fits an image: a strategy chooses pairs, a scorer evaluates them, until one is left. */
public final class Classifier {

    private final Scorer scorer;
    private final Strategy strategy;
    private final double[] handicaps;

    public Classifier(Scorer scorer, Strategy strategy) {
        this(scorer, strategy, new double[scorer.prompts()]);
    }

    /** @param handicaps of each prompt: see {@link Posterior#handicaps} */
    public Classifier(Scorer scorer, Strategy strategy, double[] handicaps) {
        this.scorer = scorer;
        this.strategy = strategy;
        this.handicaps = handicaps.clone();
    }

    public Prediction classify(RgbImage image) {
        scorer.show(image);
        var tally = new Tally(handicaps);
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            tally.add(round.get(), scorer.errors(round.get()));
            tally.keep(strategy.survivors(tally));
        }
        return tally.prediction();
    }
}
