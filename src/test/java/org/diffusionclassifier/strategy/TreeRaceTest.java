package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link TreeRace} over a hundred prompts in ten groups, whose errors grow with the distance from one of them. */
class TreeRaceTest {

    private static final int GROUPS = 10;
    private static final RgbImage IMAGE = new RgbImage(1, 1, new byte[3]);

    /** Groups of ten, each represented by its middle one. */
    private static final ClassTree TREE = new ClassTree("all", List.of(0), IntStream.range(0, GROUPS)
            .mapToObj(group -> new ClassTree("group " + group, List.of(10 * group + 5), IntStream.range(0, 10)
                    .mapToObj(i -> ClassTree.leaf("class", List.of(10 * group + i))).toList())).toList());

    private static List<Trial> trials(int n) {
        return TrialPlan.of(TableScorer.TIMESTEPS, List.of(n), 1).stages().get(0);
    }

    private static TableScorer around(int best) {
        return new TableScorer(10 * GROUPS, (trial, prompt) -> {
            var random = new SplittableRandom(trial.noiseIndex() * 1000L + prompt);
            double groups = Math.abs(prompt / 10 - best / 10);
            return (float) (groups + (prompt == best ? 0 : 0.3) + 0.1 * random.nextDouble());
        });
    }

    private static Prediction race(TableScorer scorer, ClassTree tree, int pairsAhead) {
        return new AdaptiveEvaluation(scorer, new TreeRace(tree, trials(50), new PairedT(), 0.95, pairsAhead)).classify(IMAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 37, 99})
    void findsTheClassByItsGroup(int best) {
        TableScorer scorer = around(best);
        Prediction prediction = race(scorer, TREE, 1);
        assertEquals(best, prediction.winner().prompt());
        assertFalse(prediction.isTie());
        assertTrue(prediction.pairs() < 200, prediction.pairs() + " pairs");
        assertEquals(prediction.pairs(),
                scorer.rounds.stream().mapToInt(round -> round.trials().size() * round.prompts().size()).sum());
        long unevaluated = prediction.ranking().stream().filter(prompt -> prompt.errors().length == 0).count();
        assertEquals(81, unevaluated, "nine groups' classes less those that represent them");
    }

    @Test
    void promptsThatAreComparedHaveTheSameTrials() {
        Prediction prediction = race(around(42), TREE, 20);
        for (PromptErrors prompt : prediction.ranking()) {
            assertEquals(prediction.winner().trials().subList(0, prompt.trials().size()), prompt.trials());
        }
    }

    /** Two groups of the same errors: both are opened, and the class is found among them. */
    @Test
    void groupsThatCannotBeToldApartRaceOnTogether() {
        var tree = new ClassTree("all", List.of(0), List.of(
                new ClassTree("a", List.of(0), List.of(ClassTree.leaf("0", List.of(0)), ClassTree.leaf("1", List.of(1)))),
                new ClassTree("b", List.of(2), List.of(ClassTree.leaf("2", List.of(2)), ClassTree.leaf("3", List.of(3)))),
                ClassTree.leaf("4", List.of(4))));
        float[] errors = {2, 3, 2, 1, 5};
        var scorer = new TableScorer(5, (trial, prompt) -> errors[prompt]);
        Prediction prediction = race(scorer, tree, 1);
        assertEquals(3, prediction.winner().prompt());
        assertFalse(prediction.isTie());
    }

    @Test
    void aTreeOfOneClassTakesOnePair() {
        Prediction prediction = race(TableScorer.of(1), ClassTree.leaf("only", List.of(0)), 1);
        assertEquals(1, prediction.pairs());
    }

    /** Without groups it is the race itself. */
    @Test
    void aFlatTreeIsAPlainRace() {
        var tree = new ClassTree("all", List.of(0), IntStream.range(0, 100)
                .mapToObj(i -> ClassTree.leaf("class", List.of(i))).toList());
        Prediction flat = race(around(42), tree, 64);
        var race = new FlatRace(trials(50), new PairedT(), 0.95, IntStream.range(0, 100).boxed().toList(), 64);
        Prediction plain = new AdaptiveEvaluation(around(42), race).classify(IMAGE);
        assertEquals(plain.pairs(), flat.pairs());
        assertEquals(plain.ranking().stream().map(PromptErrors::prompt).toList(),
                flat.ranking().stream().map(PromptErrors::prompt).toList());
    }
}
