package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.score.Round;

/** Which pairs to spend time on, and when to stop. Without state of its own: what it needs to know is in the tally. */
public interface Strategy {

    /** The next round for the prompts still alive, or nothing when the image is decided. */
    Optional<Round> next(Tally tally);

    /** The prompts that stay alive, given the round just added to the tally; in any order, one at least. */
    List<Integer> survivors(Tally tally);

    /** What prompts are compared by. */
    default MeanEstimate estimate() {
        return MeanEstimate.OF_THOSE_SEEN;
    }
}
