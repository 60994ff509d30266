package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link Reliability} against bins counted by hand. */
class ReliabilityTest {

    private static Outcome outcome(double probability, boolean correct) {
        return new Outcome(0, 1, correct ? 1 : 2, 1, probability, false);
    }

    @Test
    void asOftenRightAsClaimedIsNoError() {
        var outcomes = new ArrayList<Outcome>();
        for (int i = 0; i < 10; i++) {
            outcomes.add(outcome(0.9, i < 9));
        }
        assertEquals(0, Reliability.of(outcomes).error(), 1e-12);
    }

    /** Bins 0.2 to 0.267 and 0.933 to 1 with 1 of 4 and 1 of 2 right: (4·|0.25 − 0.25| + 2·|0.5 − 0.975|) / 6. */
    @Test
    void binsAreWeightedByTheirImages() {
        Reliability reliability = Reliability.of(List.of(outcome(0.25, true), outcome(0.25, false),
                outcome(0.25, false), outcome(0.25, false), outcome(0.95, true), outcome(1, false)));
        assertEquals(2 * 0.475 / 6, reliability.error(), 1e-12);
        assertEquals(List.of(4, 2), reliability.bins().stream().map(Reliability.Bin::images).toList());
        assertEquals(0.975, reliability.bins().get(1).claimed(), 1e-12);
        assertEquals(0.5, reliability.bins().get(1).right(), 1e-12);
        assertEquals(1, reliability.bins().get(1).high(), 1e-12);
    }
}
