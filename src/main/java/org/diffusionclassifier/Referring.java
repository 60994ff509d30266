package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageSize;
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
    private final ExampleSequence sequence;

    Referring(CaptionTrials each) {
        this(each, ExampleSequence.DEFAULT);
    }

    private Referring(CaptionTrials each, ExampleSequence sequence) {
        this.each = each;
        this.sequence = sequence;
    }

    /** Timesteps of every box. Default: {@link Matching#N_SAMPLES}. */
    public Referring nSamples(int nSamples) {
        return new Referring(each.withNSamples(nSamples), sequence);
    }

    /** What is drawn and measured. Default: {@link TrialSpec#DEFAULT}. */
    public Referring trials(TrialSpec trials) {
        return new Referring(each.withTrials(trials), sequence);
    }

    /** Which way up the examples' image files are read. Default: {@link Turning#UPRIGHT}. */
    public Referring turning(Turning turning) {
        return new Referring(each.withTurning(turning), sequence);
    }

    /** Called before each picture, and where one device has it, after each batch; what it throws ends the question. */
    public Referring before(Runnable work) {
        return new Referring(each.withBefore(work), sequence);
    }

    /** Whether examples are refused with the first picture that cannot be decoded, rather than go on without it. */
    public Referring failFast(boolean stops) {
        return new Referring(each, sequence.withFailFast(stops));
    }

    /**
     * Keeps the answers to examples in a directory, and takes from there what an interrupted run has answered.
     *
     * @param directory of the run; made if need be
     * @param verify    whether files are known by their contents, rather than by size and time, when a run goes on
     */
    public Referring keptIn(Path directory, boolean verify) {
        return new Referring(each, sequence.keptIn(directory, verify));
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
        return each.run(List.of(expression), (errors, settings) ->
                ReferredExample.of(image, expression, boxes, boxErrors(errors, seen, boxes, expression)));
    }

    /**
     * Measures accuracy on examples in the manner of RefCOCO. An example with a picture that cannot be decoded is left
     * out of it, and the summary says why.
     *
     * @param asked at least one
     * @param seen  gets each example with its picture, when it is done
     * @throws InputException for a box outside its picture; if no example has a whole picture, or, failing fast, one
     *                        has not; for a directory of another run
     */
    public Answer<ReferringSummary> examples(List<ReferringExample> asked,
                                                 BiConsumer<RgbImage, ReferredExample> seen) {
        return sequence.answer(each, asked, new Expressions(each), seen).then((outcome, settings) ->
                ReferringSummary.of(outcome.examples(), outcome.answers(), outcome.failed(), settings));
    }

    /** A picture, boxes in it, and an expression. */
    private record Expressions(CaptionTrials each)
            implements ExampleSequence.Kind<ReferringExample, RgbImage, ReferredExample> {

        @Override
        public Class<ReferredExample> type() {
            return ReferredExample.class;
        }

        @Override
        public List<Path> files(ReferringExample example) {
            return List.of(example.image());
        }

        @Override
        public List<String> captions(ReferringExample example) {
            return List.of(example.expression());
        }

        @Override
        public void check(ReferringExample example, List<ImageSize> sizes) {
            Boxes.requireIn(sizes.get(0), example.boxes(), example.where() + ": boxes");
            Boxes.requireIn(sizes.get(0), List.of(example.truth()), example.where() + ": truth");
        }

        @Override
        public RgbImage read(ReferringExample example) {
            return each.readWhole(example.image());
        }

        @Override
        public ReferredExample answer(ReferringExample example, RgbImage picture, CaptionTrials.Errors errors) {
            return ReferredExample.of(example, boxErrors(errors, picture, example.boxes(), example.expression()));
        }
    }

    private static List<BoxErrors> boxErrors(CaptionTrials.Errors errors, RgbImage picture, List<Box> boxes,
                                             String expression) {
        return boxes.stream().map(box -> BoxErrors.of(box,
                errors.of(box.toString(), box.crop(picture), List.of(expression)),
                errors.of(box.toString(), box.mask(picture), List.of(expression)))).toList();
    }
}
