package org.diffusionclassifier.classify;

import java.util.Optional;
import org.diffusionclassifier.image.RgbImage;

/** Decides which prompt fits an image: a strategy chooses pairs, a scorer evaluates them, until one is left. */
public final class Classifier {

    private final Scorer scorer;
    private final Strategy strategy;

    public Classifier(Scorer scorer, Strategy strategy) {
        this.scorer = scorer;
        this.strategy = strategy;
    }

    public Prediction classify(RgbImage image) {
        scorer.show(image);
        var tally = new Tally(scorer.prompts());
        for (Optional<Round> round = strategy.next(tally); round.isPresent(); round = strategy.next(tally)) {
            tally.add(round.get(), scorer.errors(round.get()));
            tally.keep(strategy.survivors(tally));
        }
        return tally.prediction();
    }
}
