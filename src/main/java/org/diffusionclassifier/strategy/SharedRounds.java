package org.diffusionclassifier.strategy;

import java.util.Optional;
import org.diffusionclassifier.score.Round;

/**
 * The rounds of one image that several workers evaluate together. A strategy's next round follows from the errors of
 * those before it, so that whoever has these knows it.
 */
public interface SharedRounds {

    /** Of an image that one worker has for itself. */
    SharedRounds NONE = new SharedRounds() {

        @Override
        public Optional<float[][]> evaluated(Round round) {
            return Optional.empty();
        }

        @Override
        public boolean isLeft(Round round) {
            return false;
        }
    };

    /** What workers have evaluated: errors[i][j] of the round's i-th trial and j-th prompt; empty if any are missing. */
    Optional<float[][]> evaluated(Round round);

    /** Whether a round with errors missing is left to workers; if not, it is evaluated here. */
    boolean isLeft(Round round);
}
