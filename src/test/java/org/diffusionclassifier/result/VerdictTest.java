package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.diffusionclassifier.result.MatchedExample.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Verdict}, by tables worked out by hand. */
class VerdictTest {

    /** Errors of picture 0 with caption 0 and 1, of picture 1 with 0 and 1. */
    @ParameterizedTest
    @CsvSource({
        "1, 2, 2, 1,  true,  true",
        "2, 1, 1, 2,  false, false",
        "1, 2, 5, 4,  true,  false",     // picture 1 is difficult
        "1, 5, 2, 4,  false, true",      // caption 1 is
        "1, 2, 3, 4,  false, false",     // picture 1 goes with caption 0
        "1, 1, 2, 1,  false, false",     // equal errors are wrong, wherever
        "1, 2, 1, 1,  false, false",
        "1, 2, 2, 2,  false, false",
        "1, 1, 1, 1,  false, false",
        "-4, -3, -1, -2, true, false"})
    void rawErrors(double e00, double e01, double e10, double e11, boolean text, boolean image) {
        assertEquals(new Verdict(text, image, text && image), verdict(Scoring.RAW, e00, e01, e10, e11, 0, 0));
    }

    /** A picture's difficulty, the same with every caption, costs the image score; taken off, it does not. */
    @Test
    void theUnconditionalErrorTakesADifficultPicturesPartOff() {
        assertEquals(new Verdict(true, false, false), verdict(Scoring.RAW, 1, 2, 12, 11, 3, 13));
        assertEquals(new Verdict(true, true, true), verdict(Scoring.LESS_UNCONDITIONAL, 1, 2, 12, 11, 3, 13));
    }

    /** Thrush et al., 2022: chance is 25, 25 and 16.67 %. Here by all 24 orders of four different errors. */
    @Test
    void chanceIsTheirs() {
        int orders = 0;
        int text = 0;
        int image = 0;
        int group = 0;
        for (int code = 0; code < 256; code++) {
            int[] digits = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
            if (List.of(digits[0], digits[1], digits[2], digits[3]).stream().distinct().count() < 4) {
                continue;
            }
            var verdict = verdict(Scoring.RAW, digits[0], digits[1], digits[2], digits[3], 0, 0);
            orders++;
            text += verdict.text() ? 1 : 0;
            image += verdict.image() ? 1 : 0;
            group += verdict.group() ? 1 : 0;
        }
        assertEquals(24, orders);
        assertEquals(6, text);
        assertEquals(6, image);
        assertEquals(4, group);
    }

    private static Verdict verdict(Scoring scoring, double e00, double e01, double e10, double e11,
                                          double empty0, double empty1) {
        return Verdict.of(List.of(new CaptionErrors("a", List.of("c", "d"), new double[] {e00, e01}, empty0),
                new CaptionErrors("b", List.of("c", "d"), new double[] {e10, e11}, empty1)), scoring);
    }
}
