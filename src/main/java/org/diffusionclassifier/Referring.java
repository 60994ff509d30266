package org.diffusionclassifier;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.result.BoxErrors;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.result.ReferringSummary;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which of a picture's boxes an expression refers to: errors of every box, shown by itself and with all else black,
 * conditioned on the expression. Immutable; holds nothing between two questions, and may be asked from any thread.
 */
public final class Referring {

    private final CaptionTrials each;
    private final boolean failFast;

    Referring(CaptionTrials each) {
        this(each, false);
    }

    private Referring(CaptionTrials each, boolean failFast) {
        this.each = each;
        this.failFast = failFast;
    }

    /** Timesteps of every box. Default: {@link Matching#N_SAMPLES}. */
    public Referring nSamples(int nSamples) {
        return new Referring(each.withNSamples(nSamples), failFast);
    }

    /** What is drawn and measured. Default: {@link TrialSpec#DEFAULT}. */
    public Referring trials(TrialSpec trials) {
        return new Referring(each.withTrials(trials), failFast);
    }

    /** Which way up the examples' image files are read. Default: {@link Turning#UPRIGHT}. */
    public Referring turning(Turning turning) {
        return new Referring(each.withTurning(turning), failFast);
    }

    /** Whether examples are refused with the first picture that cannot be decoded, rather than go on without it. */
    public Referring failFast(boolean stops) {
        return new Referring(each, stops);
    }

    /**
     * Finds the box that an expression refers to.
     *
     * @param image      the picture's name
     * @param boxes      in the picture, two at least
     * @param where      what messages call the boxes
     * @param expression not blank
     * @throws InputException for a box outside the picture, or a blank expression
     */
    public Answer<ReferredExample> find(String image, RgbImage picture, List<Box> boxes, String where,
                                            String expression) {
        if (expression.isBlank()) {
            throw InputException.of("%s is empty", InputException.field("expression"));
        }
        Boxes.requireIn(picture.size(), boxes, where);
        each.check();
        RgbImage seen = picture.on(each.trials().background());
        return each.run(List.of(expression), errors ->
                ReferredExample.of(image, expression, boxes, boxErrors(errors, seen, boxes, expression)));
    }

    /**
     * Measures accuracy on examples in the manner of RefCOCO. An example with a picture that cannot be decoded is left
     * out of it, and the summary says why.
     *
     * @param asked at least one
     * @param seen  gets each example with its picture, when it is done
     * @throws InputException for a box outside its picture; if no example has a whole picture, or, failing fast, one
     *                        has not
     */
    public Answer<ReferringSummary> examples(List<ReferringExample> asked,
                                                 BiConsumer<RgbImage, ReferredExample> seen) {
        each.check();
        var failures = new Failures(failFast);
        var whole = new ArrayList<ReferringExample>();
        for (ReferringExample example : asked) {    // refuses a wrong list before hours are spent on it
            failures.attempt(() -> each.size(example.image())).ifPresent(size -> {
                Boxes.requireIn(size, example.boxes(), example.where() + ": boxes");
                Boxes.requireIn(size, List.of(example.truth()), example.where() + ": truth");
                whole.add(example);
            });
        }
        failures.requireSome(whole);
        List<String> expressions = whole.stream().map(ReferringExample::expression).toList();
        var read = new ArrayList<ReferringExample>();
        var answered = each.run(expressions, errors -> {
            var done = new ArrayList<ReferredExample>();
            for (ReferringExample example : whole) {
                var decoded = failures.attempt(() -> each.readWhole(example.image()));
                decoded.ifPresent(picture -> {
                    read.add(example);
                    done.add(ReferredExample.of(example,
                            boxErrors(errors, picture, example.boxes(), example.expression())));
                    seen.accept(picture, done.get(done.size() - 1));
                });
            }
            failures.requireSome(done);
            return done;
        });
        return answered.of(ReferringSummary.of(read, answered.value(), failures.reasons(), answered.settings()));
    }

    private static List<BoxErrors> boxErrors(CaptionTrials.Errors errors, RgbImage picture, List<Box> boxes,
                                             String expression) {
        return boxes.stream().map(box -> BoxErrors.of(box,
                errors.of(box.toString(), box.crop(picture), List.of(expression)),
                errors.of(box.toString(), box.mask(picture), List.of(expression)))).toList();
    }
}
