package org.diffusionclassifier.result;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.OptionalInt;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.result.BoxErrors.Method;
import org.junit.jupiter.api.Test;

/** {@link BoxErrors}, by tables worked out by hand. */
class BoxErrorsTest {

    /** Of three boxes, each way of scoring but one prefers another than its neighbour. */
    @Test
    void everyWayOfScoringChoosesByItsOwnNumbers() {
        var boxes = List.of(
                box(1.0, 1.5, 5.0, 6.0),        // less: −0.5, −1.0, −1.5; sum 6
                box(2.0, 5.0, 2.0, 2.5),        // less: −3.0, −0.5, −3.5; sum 4
                box(3.0, 3.0, 0.5, 4.5));       // less:  0.0, −4.0, −4.0; sum 3.5
        assertEquals(OptionalInt.of(0), BoxErrors.best(boxes, Method.CROP, Scoring.RAW));
        assertEquals(OptionalInt.of(2), BoxErrors.best(boxes, Method.MASK, Scoring.RAW));
        assertEquals(OptionalInt.of(2), BoxErrors.best(boxes, Method.SUM, Scoring.RAW));
        assertEquals(OptionalInt.of(1), BoxErrors.best(boxes, Method.CROP, Scoring.LESS_UNCONDITIONAL));
        assertEquals(OptionalInt.of(2), BoxErrors.best(boxes, Method.MASK, Scoring.LESS_UNCONDITIONAL));
        assertEquals(OptionalInt.of(2), BoxErrors.best(boxes, Method.SUM, Scoring.LESS_UNCONDITIONAL));
        assertEquals(-3.5, boxes.get(1).score(Method.SUM, Scoring.LESS_UNCONDITIONAL));
        assertEquals(4, boxes.get(1).score(Method.SUM, Scoring.RAW));
    }

    @Test
    void ofEqualScoresNoneIsTheBest() {
        var tied = List.of(box(1, 0, 1, 0), box(1, 0, 2, 0), box(4, 0, 1, 0));
        assertEquals(OptionalInt.empty(), BoxErrors.best(tied, Method.CROP, Scoring.RAW));
        assertEquals(OptionalInt.empty(), BoxErrors.best(tied, Method.MASK, Scoring.RAW));
        assertEquals(OptionalInt.of(0), BoxErrors.best(tied, Method.SUM, Scoring.RAW));
    }

    @Test
    void errorsAreThoseOfTheExpressionAndOfTheEmptyCaption() {
        var box = BoxErrors.of(new Box(1, 2, 3, 4.5), new CaptionErrors("", List.of("a"), new double[] {5}, 6),
                new CaptionErrors("", List.of("a"), new double[] {7}, 8));
        assertArrayEquals(new double[] {1, 2, 3, 4.5}, box.box());
        assertEquals(List.of(5.0, 6.0, 7.0, 8.0),
                List.of(box.crop(), box.cropUnconditional(), box.mask(), box.maskUnconditional()));
    }

    private static BoxErrors box(double crop, double cropUnconditional, double mask, double maskUnconditional) {
        return new BoxErrors(new double[4], crop, cropUnconditional, mask, maskUnconditional);
    }
}
