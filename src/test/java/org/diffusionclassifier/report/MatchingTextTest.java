package org.diffusionclassifier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.diffusionclassifier.result.CaptionErrors;
import org.junit.jupiter.api.Test;

/** {@link MatchingText}: the matrix. */
class MatchingTextTest {

    @Test
    void marksTheBestOfEachRowAndColumn() {
        var captions = List.of("a cat", "a dog", "a fox");
        String text = MatchingText.matrix(List.of(
                new CaptionErrors("a.png", captions, new double[] {0.25, 0.5, 0.125}, 0.5),
                new CaptionErrors("b.png", captions, new double[] {0.5, 0.5, 0.75}, 1)));
        assertEquals("""
               1  a cat
               2  a dog
               3  a fox

            raw error
                             1            2            3      (empty)
              a.png   0.250000 ^   0.500000     0.125000*^   0.500000
              b.png   0.500000     0.500000     0.750000     1.000000

            error less the unconditional error
                             1            2            3
              a.png  -0.250000     0.000000    -0.375000*^
              b.png  -0.500000 ^  -0.500000 ^  -0.250000

              * the caption that fits a picture best, ^ the picture that fits a caption best
            """, text);
    }
}
