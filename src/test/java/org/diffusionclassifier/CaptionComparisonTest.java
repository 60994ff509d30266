package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.Scoring;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;

/** {@link CaptionComparison}, by a table of errors. */
class CaptionComparisonTest {

    private static final RgbImage PICTURE = new RgbImage(1, 1, new byte[3]);
    private static final List<Trial> TRIALS = List.of(new Trial(100, 0), new Trial(300, 1));

    /** Errors are ten times the prompt, and 1 more in the second trial. */
    private final TableScorer table =
            new TableScorer(4, (trial, prompt) -> 10f * prompt + trial.noiseIndex());

    @Test
    void askedForAreEachCaptionOnceAndNone() {
        assertEquals(List.of("", "a cat", "a dog"), CaptionComparison.prompts("", List.of("a cat", "a dog", "a cat")));
        assertEquals(List.of(""), CaptionComparison.prompts("", List.of()));
    }

    @Test
    void meansComeInTheOrderAskedFor() {
        var comparison = new CaptionComparison(table, List.of("", "a", "b", "c"), TRIALS);
        CaptionErrors errors = comparison.errors("p", PICTURE, List.of("c", "a"));
        assertEquals(0.5, errors.unconditional());
        assertArrayEquals(new double[] {30.5, 10.5}, errors.errors());
        assertEquals(30.5, errors.score(Scoring.RAW, 0));
        assertEquals(10, errors.score(Scoring.LESS_UNCONDITIONAL, 1));
    }

    /** One round for all captions: the same trials for each, every prompt once, ascending as {@link Round} has them. */
    @Test
    void everyCaptionSeesTheSameTrials() {
        var comparison = new CaptionComparison(table, List.of("", "a", "b", "c"), TRIALS);
        comparison.errors("p", PICTURE, List.of("c", "a", "c"));
        assertEquals(List.of(new Round(TRIALS, List.of(0, 1, 3))), table.rounds);
        assertSame(PICTURE, table.shown.get(0));
        assertEquals(6, comparison.pairs());
    }

    @Test
    void captionsThatAreOneToTheModelAreEvaluatedOnce() {
        var comparison = new CaptionComparison(table.withFirsts(0, 1, 1, 3), List.of("", "a", "A", "c"), TRIALS);
        assertArrayEquals(new double[] {10.5, 30.5, 10.5},
                comparison.errors("p", PICTURE, List.of("A", "c", "a")).errors());
        assertEquals(List.of(new Round(TRIALS, List.of(0, 1, 3))), table.rounds);
        assertEquals(6, comparison.pairs());
    }

    @Test
    void theEmptyCaptionMayBeAskedFor() {
        var comparison = new CaptionComparison(table, List.of("", "a", "b", "c"), TRIALS);
        assertArrayEquals(new double[] {0.5}, comparison.errors("p", PICTURE, List.of("")).errors());
    }

    @Test
    void refusesWhatItCannotKnow() {
        assertThrows(IllegalArgumentException.class, () -> new CaptionComparison(table, List.of("", "a"), TRIALS));
        assertThrows(IllegalArgumentException.class,
                () -> new CaptionComparison(table, List.of("", "a", "b", "c"), List.of()));
        var comparison = new CaptionComparison(table, List.of("", "a", "b", "c"), TRIALS);
        assertThrows(IllegalArgumentException.class, () -> comparison.errors("p", PICTURE, List.of("d")));
    }
}
