package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link StagedElimination} on errors from a table: who is evaluated, who survives, who wins. */
class StagedEliminationTest {

    private static final RgbImage IMAGE = new RgbImage(1, 1, new byte[3]);

    private static Prediction classify(TableScorer scorer, List<Integer> nSamples, List<Integer> toKeep) {
        TrialPlan plan = TrialPlan.of(scorer.timesteps(), nSamples, 1);
        return new AdaptiveEvaluation(scorer, new StagedElimination(plan, toKeep, scorer.prompts())).classify(IMAGE);
    }

    private static List<Integer> ranking(Prediction prediction) {
        return prediction.ranking().stream().map(PromptErrors::prompt).toList();
    }

    @Test
    void evaluatesTheBestOfEachStageFurther() {
        var scorer = TableScorer.of(5, 3, 9, 1, 7, 2);
        Prediction prediction = classify(scorer, List.of(3, 5, 10), List.of(4, 2, 1));
        assertEquals(List.of(List.of(0, 1, 2, 3, 4, 5), List.of(0, 1, 3, 5), List.of(3, 5)),
                scorer.rounds.stream().map(Round::prompts).toList());
        assertEquals(List.of(3, 5, 1, 0, 4, 2), ranking(prediction));
    }

    @Test
    void evaluatesEachPairOnce() {
        var scorer = TableScorer.of(5, 3, 9, 1, 7, 2);
        Prediction prediction = classify(scorer, List.of(3, 10), List.of(2, 1));
        assertEquals(6 * 3 + 2 * 7, prediction.pairs());
        assertEquals(6 * 3 + 2 * 7, scorer.rounds.stream().mapToInt(r -> r.trials().size() * r.prompts().size()).sum());
        assertEquals(List.of(10, 10, 3, 3, 3, 3),
                prediction.ranking().stream().map(prompt -> prompt.trials().size()).toList());
        assertEquals(TrialPlan.of(1000, List.of(3, 10), 1).stages().stream().flatMap(List::stream).toList(),
                prediction.winner().trials());
    }

    /** Prompt 1 leads after the first three trials and falls behind prompt 0 over all ten. */
    @Test
    void meansGoOverEverythingEvaluated() {
        var scorer = new TableScorer(3, (trial, prompt) -> switch (prompt) {
            case 0 -> 2f;
            case 1 -> trial.noiseIndex() < 3 ? 1f : 3f;
            default -> 4f;
        });
        Prediction prediction = classify(scorer, List.of(3, 10), List.of(2, 1));
        assertEquals(List.of(0, 1, 2), ranking(prediction));
        assertEquals(2, prediction.winner().mean());
        assertEquals((3 * 1 + 7 * 3) / 10.0, prediction.ranking().get(1).mean());
    }

    /** Prompt 2 is dropped although its mean over its few trials is below the final means of those that were kept. */
    @Test
    void whoLastsLongerRanksHigherWhateverTheMeans() {
        var scorer = new TableScorer(3, (trial, prompt) -> switch (prompt) {
            case 0 -> trial.noiseIndex() < 3 ? 1f : 9f;
            case 1 -> trial.noiseIndex() < 3 ? 2f : 8f;
            default -> 3f;
        });
        Prediction prediction = classify(scorer, List.of(3, 10), List.of(2, 1));
        assertEquals(List.of(1, 0, 2), ranking(prediction));
    }

    @Test
    void tiesGoToTheFirstPrompt() {
        Prediction prediction = classify(TableScorer.of(1, 1, 1, 1), List.of(2, 4), List.of(2, 1));
        assertEquals(List.of(0, 1, 2, 3), ranking(prediction));
    }

    @Test
    void aStageWithoutNewTrialsStillEliminates() {
        var scorer = TableScorer.of(4, 3, 2, 1);
        Prediction prediction = classify(scorer, List.of(2, 3, 4), List.of(3, 2, 1));
        assertEquals(List.of(3, 2, 1, 0), ranking(prediction));
        assertEquals(List.of(2, 2, 0), scorer.rounds.stream().map(round -> round.trials().size()).toList());
        assertEquals(4 * 2 + 3 * 2, prediction.pairs());
    }

    /** Over the trials that a prompt was dropped after, everyone kept was at least as good, the winner among them. */
    @Test
    void noMarginIsNegative() {
        for (int seed = 0; seed < 100; seed++) {
            var random = new SplittableRandom(seed);
            float[][] table = new float[10][8];
            for (float[] row : table) {
                for (int prompt = 0; prompt < row.length; prompt++) {
                    row[prompt] = random.nextFloat();
                }
            }
            Prediction prediction = classify(new TableScorer(8, (trial, prompt) -> table[trial.noiseIndex()][prompt]),
                    List.of(2, 4, 10), List.of(5, 3, 1));
            for (int rank = 0; rank < 8; rank++) {
                assertTrue(prediction.margin(rank) >= 0, "seed " + seed + ", rank " + rank);
            }
        }
    }

    @Test
    void onePromptWins() {
        Prediction prediction = classify(TableScorer.of(7), List.of(1), List.of(1));
        assertEquals(0, prediction.winner().prompt());
        assertEquals(1, prediction.pairs());
        assertEquals(0, prediction.margin(0));
    }

    @Test
    void promptsThatAreKeptAllAreEvaluatedFurther() {
        Prediction prediction = classify(TableScorer.of(2, 1), List.of(1, 2), List.of(2, 1));
        assertEquals(List.of(1, 0), ranking(prediction));
        assertEquals(4, prediction.pairs());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "1; toKeep: expected as many numbers as nSamples has, 2, found 1",
        "3,2,1; toKeep: expected as many numbers as nSamples has, 2, found 3",
        "3,2; toKeep: expected 1 as the last number, found 2",
        "5,1; toKeep: expected at most the 4 prompts, found 5",
        "0,1; toKeep: expected at least 1, found 0"})
    void refusesNumbersThatDoNotFit(String toKeep, String message) {
        TrialPlan plan = TrialPlan.of(1000, List.of(3, 10), 1);
        List<Integer> keep = Stream.of(toKeep.split(",")).map(Integer::valueOf).toList();
        var refusal = assertThrows(InputException.class, () -> new StagedElimination(plan, keep, 4));
        assertEquals(message, refusal.getMessage());
    }

    @Test
    void refusesToKeepMoreThanTheStageBefore() {
        TrialPlan plan = TrialPlan.of(1000, List.of(1, 3, 10), 1);
        var refusal = assertThrows(InputException.class, () -> new StagedElimination(plan, List.of(2, 3, 1), 4));
        assertEquals("toKeep: expected at most the 2 kept before, found 3", refusal.getMessage());
    }
}
