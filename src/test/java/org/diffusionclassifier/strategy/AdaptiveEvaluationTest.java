package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.junit.jupiter.api.Test;

/** {@link AdaptiveEvaluation}: the loop between strategy and scorer. */
class AdaptiveEvaluationTest {

    private static final RgbImage FIRST = new RgbImage(1, 1, new byte[3]);
    private static final RgbImage SECOND = new RgbImage(2, 1, new byte[6]);

    @Test
    void showsEachImageOnceAndStartsAfresh() {
        var scorer = TableScorer.of(3, 1, 2);
        var plan = TrialPlan.of(scorer.timesteps(), List.of(2, 5), 1);
        var classifier = new AdaptiveEvaluation(scorer, new StagedElimination(plan, List.of(2, 1), 3));
        Prediction first = classifier.classify(FIRST);
        List<Round> rounds = List.copyOf(scorer.rounds);
        Prediction second = classifier.classify(SECOND);
        assertEquals(2, scorer.shown.size());
        assertSame(FIRST, scorer.shown.get(0));
        assertSame(SECOND, scorer.shown.get(1));
        assertEquals(rounds, scorer.rounds.subList(rounds.size(), scorer.rounds.size()));
        assertEquals(1, first.winner().prompt());
        assertEquals(first.pairs(), second.pairs());
    }

    /** A strategy that stops at once: everybody is alive, nobody has been evaluated. */
    @Test
    void asksTheStrategyBeforeTheScorer() {
        var scorer = TableScorer.of(3, 1);
        Prediction prediction = new AdaptiveEvaluation(scorer, new Strategy() {
            @Override
            public Optional<Round> next(Tally tally) {
                return Optional.empty();
            }

            @Override
            public List<Integer> survivors(Tally tally) {
                throw new AssertionError("no round has been evaluated");
            }
        }).classify(FIRST);
        assertEquals(List.of(), scorer.rounds);
        assertEquals(0, prediction.pairs());
        assertEquals(2, prediction.ranking().size());
    }
}
