package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.TableScorer;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.Test;

/** {@link CaptionScorer}, by a table of errors. */
class CaptionScorerTest {

    private static final RgbImage PICTURE = new RgbImage(1, 1, new byte[3]);
    private static final List<Trial> TRIALS = List.of(new Trial(100, 0), new Trial(300, 1));

    /** Errors are ten times the prompt, and 1 more in the second trial. */
    private final TableScorer table =
            new TableScorer(4, (trial, prompt) -> 10f * prompt + trial.noiseIndex());

    @Test
    void askedForAreEachCaptionOnceAndNone() {
        assertEquals(List.of("", "a cat", "a dog"), CaptionScorer.prompts(List.of("a cat", "a dog", "a cat")));
        assertEquals(List.of(""), CaptionScorer.prompts(List.of()));
    }

    @Test
    void meansComeInTheOrderAskedFor() {
        var scorer = new CaptionScorer(table, List.of("", "a", "b", "c"), TRIALS);
        CaptionErrors errors = scorer.errors(PICTURE, List.of("c", "a"));
        assertEquals(0.5, errors.unconditional());
        assertArrayEquals(new double[] {30.5, 10.5}, errors.told());
        assertEquals(30.5, errors.score(Scoring.RAW, 0));
        assertEquals(10, errors.score(Scoring.LESS_UNCONDITIONAL, 1));
    }

    /** One round for all captions: the same trials for each, every prompt once, ascending as {@link Round} has them. */
    @Test
    void everyCaptionSeesTheSameTrials() {
        var scorer = new CaptionScorer(table, List.of("", "a", "b", "c"), TRIALS);
        scorer.errors(PICTURE, List.of("c", "a", "c"));
        assertEquals(List.of(new Round(TRIALS, List.of(0, 1, 3))), table.rounds);
        assertSame(PICTURE, table.shown.get(0));
        assertEquals(6, scorer.pairs());
    }

    @Test
    void theEmptyCaptionMayBeAskedFor() {
        var scorer = new CaptionScorer(table, List.of("", "a", "b", "c"), TRIALS);
        assertArrayEquals(new double[] {0.5}, scorer.errors(PICTURE, List.of("")).told());
    }

    @Test
    void refusesWhatItCannotKnow() {
        assertThrows(IllegalArgumentException.class, () -> new CaptionScorer(table, List.of("", "a"), TRIALS));
        assertThrows(IllegalArgumentException.class,
                () -> new CaptionScorer(table, List.of("", "a", "b", "c"), List.of()));
        var scorer = new CaptionScorer(table, List.of("", "a", "b", "c"), TRIALS);
        assertThrows(IllegalArgumentException.class, () -> scorer.errors(PICTURE, List.of("d")));
    }
}
