package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link FlatRace} on errors from tables: who is dropped when, and when it stops. */
class FlatRaceTest {

    private static final RgbImage IMAGE = new RgbImage(1, 1, new byte[3]);

    private static List<Trial> trials(int n) {
        return TrialPlan.of(TableScorer.TIMESTEPS, List.of(n), 1).stages().get(0);
    }

    private static List<Integer> distinct(int prompts) {
        return IntStream.range(0, prompts).boxed().toList();
    }

    private static Prediction race(TableScorer scorer, int trials, Bound bound, int pairsAhead, List<Integer> classes) {
        return new AdaptiveEvaluation(scorer, new FlatRace(trials(trials), bound, 0.95, classes, pairsAhead)).classify(IMAGE);
    }

    /** Prompt c has error c with noise of {@code spread} that prompts share by one half. */
    private static TableScorer noisy(int prompts, double step, double spread, long seed) {
        return new TableScorer(prompts, (trial, prompt) -> {
            var shared = new SplittableRandom(seed * 7919 + trial.noiseIndex());
            var own = new SplittableRandom((seed * 7919 + trial.noiseIndex()) * 31 + prompt + 1);
            return (float) (step * prompt + spread * (shared.nextDouble() + own.nextDouble()));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"paired-t", "anytime"})
    void anEasyImageTakesFewPairsAndAHardOneMany(String bound) {
        Prediction easy = race(noisy(10, 1, 0.1, 1), 100, Bound.named(bound), 1, distinct(10));
        Prediction hard = race(noisy(10, 0.03, 0.1, 1), 100, Bound.named(bound), 1, distinct(10));
        assertEquals(0, easy.winner().prompt());
        assertFalse(easy.isTie());
        assertTrue(easy.pairs() <= 10 * 8, easy.pairs() + " pairs");
        assertTrue(hard.pairs() > 2 * easy.pairs(), hard.pairs() + " pairs after " + easy.pairs());
    }

    @ParameterizedTest
    @ValueSource(strings = {"paired-t", "anytime"})
    void whatCannotBeToldApartIsATie(String bound) {
        var scorer = new TableScorer(3, (trial, prompt) -> prompt == 2 ? 9f + trial.noiseIndex() % 3 : 1f);
        Prediction prediction = race(scorer, 20, Bound.named(bound), 1, distinct(3));
        assertTrue(prediction.isTie());
        assertEquals(2, prediction.surviving());
        assertEquals(0, prediction.winner().prompt());
        assertEquals(20, prediction.winner().errors().length);
    }

    /** Two captions of one class win: which of them need not be found out. */
    @Test
    void promptsOfOneClassNeedNotBeToldApart() {
        var scorer = new TableScorer(3, (trial, prompt) -> prompt == 2 ? 9f + trial.noiseIndex() % 3 : 1f);
        Prediction prediction = race(scorer, 20, new PairedT(), 1, List.of(4, 4, 7));
        assertFalse(prediction.isTie());
        assertTrue(prediction.pairs() < 3 * 20, prediction.pairs() + " pairs");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 64, 10_000})
    void roundsAreAsLargeAsABatchAndNoPairIsEvaluatedTwice(int pairsAhead) {
        TableScorer scorer = noisy(10, 0.02, 0.1, 3);
        Prediction prediction = race(scorer, 100, new AnytimeT(), pairsAhead, distinct(10));
        int pairs = scorer.rounds.stream().mapToInt(round -> round.trials().size() * round.prompts().size()).sum();
        assertEquals(pairs, prediction.pairs());
        for (PromptErrors prompt : prediction.ranking()) {
            assertEquals(prompt.trials().size(), prompt.trials().stream().distinct().count());
            assertEquals(prediction.winner().trials().subList(0, prompt.trials().size()), prompt.trials());
        }
        for (Round round : scorer.rounds.subList(1, scorer.rounds.size())) {
            int size = round.trials().size() * round.prompts().size();
            assertTrue(size <= Math.max(pairsAhead, round.prompts().size()), size + " pairs in a round");
        }
    }

    @Test
    void onePromptTakesOnePair() {
        Prediction prediction = race(TableScorer.of(3), 100, new PairedT(), 1, distinct(1));
        assertEquals(1, prediction.pairs());
        assertFalse(prediction.isTie());
    }

    /** The only trial there is decides, and does not claim to. */
    @ParameterizedTest
    @ValueSource(strings = {"paired-t", "anytime"})
    void oneTrialTellsNothing(String bound) {
        Prediction prediction = race(TableScorer.of(3, 1, 2), 1, Bound.named(bound), 1, distinct(3));
        assertEquals(1, prediction.winner().prompt());
        assertEquals(3, prediction.surviving());
    }

    /** Handicaps as priors give them turn a close decision. */
    @Test
    void aPriorIsDecidedByToo() {
        TableScorer scorer = noisy(2, 0.02, 0.01, 5);
        var race = new FlatRace(trials(50), new PairedT(), 0.95, distinct(2), 1);
        assertEquals(0, new AdaptiveEvaluation(scorer, race).classify(IMAGE).winner().prompt());
        assertEquals(1, new AdaptiveEvaluation(scorer, race, new double[] {0.05, 0}).classify(IMAGE).winner().prompt());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 64, 100, 1000})
    void anyFewTrialsAreSpreadOverAll(int size) {
        List<Trial> trials = IntStream.range(0, size).mapToObj(i -> new Trial(i, i)).toList();
        List<Trial> spread = TrialOrder.spread(trials);
        assertEquals(trials, spread.stream().sorted((a, b) -> a.timestep() - b.timestep()).toList());
        for (int n = 3; n < size; n = 2 * n + 1) {     // 2^k − 1 numbers of the sequence cut [0, 1] into 2^k equal parts
            List<Integer> first = spread.subList(0, n).stream().map(Trial::timestep).sorted().toList();
            for (int i = 1; i < n; i++) {
                assertEquals((double) size / (n + 1), first.get(i) - first.get(i - 1), 1.01, n + " of " + size);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, -0.1, 1.5, Double.NaN})
    void aConfidenceLiesBetweenNoneAndAll(double confidence) {
        var refusal = assertThrows(InputException.class, () -> Race.atConfidence(confidence));
        assertEquals("confidence: expected a number between 0 and 1, found " + confidence, refusal.getMessage());
    }
}
