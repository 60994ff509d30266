package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;

/** {@link Tally} and the {@link Prediction} made of it. */
class TallyTest {

    private static final Trial A = new Trial(100, 0);
    private static final Trial B = new Trial(300, 1);
    private static final Trial C = new Trial(200, 2);

    @Test
    void beginsWithEveryPromptAlive() {
        var tally = new Tally(3);
        assertEquals(0, tally.rounds());
        assertEquals(List.of(0, 1, 2), tally.alive());
    }

    @Test
    void appendsEachRoundInOrderOfEvaluation() {
        var tally = new Tally(3);
        tally.add(new Round(List.of(A, B), List.of(0, 1, 2)), new float[][] {{1, 2, 3}, {4, 5, 6}});
        tally.keep(List.of(2, 0));
        tally.add(new Round(List.of(C), List.of(0, 2)), new float[][] {{7, 0}});
        tally.keep(List.of(2));
        assertEquals(2, tally.rounds());
        assertEquals(List.of(2), tally.alive());
        assertEquals(4, tally.mean(0));
        assertEquals(3.5, tally.mean(1));
        assertEquals(3, tally.mean(2));
        List<PromptErrors> ranking = tally.prediction().ranking();
        assertEquals(List.of(2, 0, 1), ranking.stream().map(PromptErrors::prompt).toList());
        assertEquals(List.of(A, B, C), ranking.get(0).trials());
        assertArrayEquals(new float[] {3, 6, 0}, ranking.get(0).errors());
        assertArrayEquals(new float[] {1, 4, 7}, ranking.get(1).errors());
        assertEquals(List.of(A, B), ranking.get(2).trials());
        assertArrayEquals(new float[] {2, 5}, ranking.get(2).errors());
    }

    @Test
    void theAliveAreListedInAscendingOrder() {
        var tally = new Tally(4);
        tally.keep(List.of(3, 0, 2));
        assertEquals(List.of(0, 2, 3), tally.alive());
    }

    /** The winner has 4.5 over A and B; its 3 over all three cannot be held against a prompt that has not seen C. */
    @Test
    void marginsGoOverSharedTrials() {
        var tally = new Tally(2);
        tally.add(new Round(List.of(A, B), List.of(0, 1)), new float[][] {{3, 3}, {6, 7}});
        tally.keep(List.of(0));
        tally.add(new Round(List.of(C), List.of(0)), new float[][] {{0}});
        tally.keep(List.of(0));
        Prediction prediction = tally.prediction();
        assertEquals(0, prediction.margin(0));
        assertEquals(5 - 4.5, prediction.margin(1));
        assertEquals(5, prediction.pairs());
    }

    /** In float the small errors would be lost beside the large one. */
    @Test
    void meansAreSummedInDoublePrecision() {
        float[] errors = new float[1001];
        Arrays.fill(errors, 1, errors.length, 1);
        errors[0] = 1 << 25;
        assertEquals(((1 << 25) + 1000) / 1001.0, new PromptErrors(0, List.of(), errors).mean());
    }
}
