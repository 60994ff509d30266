package org.diffusionclassifier;

import java.util.Optional;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.SharedRounds;

/**
 * An image that several workers share: they evaluate ranges of a round's pairs, and whoever has the errors of all of
 * them goes on to the next round. Every error has the bits that one worker gives it: a worker records the batches of
 * the first round before it evaluates any, as a device's layouts are settled by the shapes that it meets first.
 *
 * @param classifier its first device does the work
 */
record SharedImage(Classifier classifier, RgbImage image) {

    /** What is done with what a device has for images, in the thread that it belongs to. */
    @FunctionalInterface
    interface Work<T> {

        /** @param picture the image on its background */
        T of(RgbImage picture, LatentScorer scorer, ClassifierSpec.Opened now);
    }

    /** Goes on with it. @return empty once a round is left to workers */
    Optional<Classification> classify(String name, SharedRounds rounds) {
        return classifier.share(image, (picture, scorer, now) -> {
            scorer.prepare(now.onEach().get(0).firstRound());
            Optional<Prediction> prediction = now.onEach().get(0).classify(picture, rounds);
            return prediction.map(found -> classifier.classification(name, now, found));
        });
    }

    /** The errors of some of a round's pairs. */
    float[] errors(Round round, PairRange pairs) {
        return classifier.share(image, (picture, scorer, now) -> {
            scorer.prepare(now.onEach().get(0).firstRound());
            scorer.show(picture);
            return scorer.errors(round, pairs);
        });
    }
}
