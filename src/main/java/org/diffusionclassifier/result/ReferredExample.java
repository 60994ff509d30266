package org.diffusionclassifier.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.result.BoxErrors.Method;

/**
 * Which of a picture's boxes an expression was taken to refer to, as an entry of {@link ReferringSummary}'s
 * JSON.
 *
 * @param truth   the box referred to, or null where it is not known
 * @param boxes   with their errors
 * @param choices one a method and scoring
 */
public record ReferredExample(String image, String expression, double[] truth, List<BoxErrors> boxes,
        List<Choice> choices) {

    /**
     * What one way of scoring comes to.
     *
     * @param scores  of the boxes
     * @param chosen  index of the box with the smallest, or null if several share it
     * @param correct whether it is the one referred to; null where that is not known
     */
    public record Choice(String method, String scoring, double[] scores, Integer chosen, Boolean correct) {
    }

    /** Of an expression of which it is not known what it refers to. */
    public static ReferredExample of(String image, String expression, List<Box> boxes, List<BoxErrors> errors) {
        return of(image, expression, null, boxes, errors);
    }

    public static ReferredExample of(ReferringExample example, List<BoxErrors> errors) {
        return of(example.image().toString(), example.expression(), example, example.boxes(), errors);
    }

    private static ReferredExample of(String image, String expression, ReferringExample truth, List<Box> boxes,
                                      List<BoxErrors> errors) {
        var choices = new ArrayList<Choice>();
        for (Scoring scoring : Scoring.values()) {
            for (Method method : Method.values()) {
                OptionalInt best = BoxErrors.best(errors, method, scoring);
                choices.add(new Choice(name(method), scoring.toString(),
                        errors.stream().mapToDouble(box -> box.score(method, scoring)).toArray(),
                        best.isPresent() ? best.getAsInt() : null,
                        truth == null ? null
                                : Boolean.valueOf(best.isPresent() && truth.isRight(boxes.get(best.getAsInt())))));
            }
        }
        return new ReferredExample(image, expression, truth == null ? null : BoxErrors.array(truth.truth()),
                List.copyOf(errors), choices);
    }

    /** What one way of scoring comes to. */
    public Choice choice(Method method, Scoring scoring) {
        return choices.stream().filter(choice -> choice.method().equals(name(method))
                && choice.scoring().equals(scoring.toString())).findFirst().orElseThrow();
    }

    private static String name(Method method) {
        return method.name().toLowerCase(Locale.ROOT);
    }
}
