package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every strategy on prompts of which some are one to the model: 1 and 3, and 2 and 4, the former better than all. */
class TwinsTest {

    private static final RgbImage IMAGE = new RgbImage(1, 1, new byte[3]);
    private static final List<Integer> CLASSES = List.of(0, 1, 2, 3, 4);
    private static final List<Trial> TRIALS = TrialPlan.of(TableScorer.TIMESTEPS, List.of(60), 1).stages().get(0);
    private static final float[] ERRORS = {3, 1, 2, 1, 2};

    private final TableScorer scorer = new TableScorer(5, (trial, prompt) -> (float) (ERRORS[prompt]
            + 0.1 * new SplittableRandom(trial.noiseIndex() * 31L + prompt).nextDouble())).withFirsts(0, 1, 2, 1, 2);

    static Stream<Strategy> strategies() {
        var group = new ClassTree("a", List.of(1), List.of(leaf(1), leaf(0)));
        var other = new ClassTree("b", List.of(3), List.of(leaf(3), leaf(2), leaf(4)));
        return Stream.of(new FlatRace(TRIALS, new PairedT(), 0.95, CLASSES, 1),
                new FlatRace(TRIALS, new AnytimeT(), 0.95, CLASSES, 1),
                new FlatRace(TRIALS, new PairedT(), 0.95, CLASSES, 200),
                new TreeRace(new ClassTree("all", List.of(1), List.of(group, other)), TRIALS, new PairedT(), 0.95, 1),
                new StagedElimination(TrialPlan.of(TableScorer.TIMESTEPS, List.of(5, 20), 1), List.of(5, 1), 5),
                new StagedElimination(TrialPlan.of(TableScorer.TIMESTEPS, List.of(60), 1), List.of(1), 5));
    }

    private static ClassTree leaf(int prompt) {
        return ClassTree.leaf("class " + prompt, List.of(prompt));
    }

    private Prediction classify(Strategy strategy, double[] handicaps, List<Integer> classes) {
        return new AdaptiveEvaluation(scorer, strategy, handicaps, classes).classify(IMAGE);
    }

    private long evaluated() {
        return scorer.rounds.stream().mapToLong(round -> (long) round.trials().size() * round.prompts().size()).sum();
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void twoClassesThatAreOneTieAndAreEvaluatedOnce(Strategy strategy) {
        Prediction prediction = classify(strategy, new double[5], CLASSES);
        assertTrue(prediction.isTie());
        assertEquals(2, prediction.surviving());
        assertEquals(List.of(1, 3), prediction.ranking().stream().map(PromptErrors::prompt).toList().subList(0, 2));
        assertSame(prediction.winner().errors(), prediction.ranking().get(1).errors());
        assertEquals(prediction.winner().trials(), prediction.ranking().get(1).trials());
        assertEquals(0, prediction.margin(1));
        assertTrue(scorer.rounds.stream().map(Round::prompts).flatMap(List::stream).allMatch(prompt -> prompt < 3));
        assertEquals(evaluated(), prediction.pairs());
        assertTrue(prediction.pairs() <= 3 * 60);
    }

    /** Where only the two are left, a race has nothing more to find out. */
    @Test
    void aRaceSpendsNothingOnThem() {
        Prediction prediction = classify(new FlatRace(TRIALS, new PairedT(), 0.95, CLASSES, 1), new double[5], CLASSES);
        assertTrue(prediction.pairs() < 30, prediction.pairs() + " pairs");
        scorer.rounds.clear();
        scorer.withFirsts(0, 0, 0, 0, 0);
        Prediction all = classify(new FlatRace(TRIALS, new PairedT(), 0.95, CLASSES, 1), new double[5], CLASSES);
        assertEquals(1, all.pairs());
        assertEquals(5, all.surviving());
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void theMoreFrequentOfThemWins(Strategy strategy) {
        Prediction prediction = classify(strategy, new double[] {0, 0.01, 0, 0, 0}, CLASSES);
        assertFalse(prediction.isTie());
        assertEquals(3, prediction.winner().prompt());
        assertEquals(1, prediction.ranking().stream().filter(prompt -> prompt.prompt() == 1).findFirst().orElseThrow()
                .errors()[0], 0.2);
        assertEquals(evaluated(), prediction.pairs());
    }

    @Test
    void twoCaptionsOfOneClassAreNoTie() {
        List<Integer> classes = List.of(0, 1, 2, 1, 2);
        assertFalse(classify(new FlatRace(TRIALS, new PairedT(), 0.95, classes, 1), new double[5], classes).isTie());
    }
}
