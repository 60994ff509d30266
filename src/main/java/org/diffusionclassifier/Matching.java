package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.published.CaptionChoice;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.ChoiceSummary.ChosenCaption;
import org.diffusionclassifier.result.ChoiceSummary;
import org.diffusionclassifier.result.MatchedExample;
import org.diffusionclassifier.result.MatchingSummary;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which caption belongs to which picture: errors of every picture conditioned on every caption, over the same trials.
 * Immutable; holds nothing between two questions, and may be asked from any thread.
 */
public final class Matching {

    /** The default number of timesteps of every caption and picture. */
    public static final int N_SAMPLES = 50;

    private static final InputException.Field CAPTIONS = InputException.field("captions");

    private final CaptionTrials each;
    private final ExampleSequence sequence;

    Matching(CaptionTrials each) {
        this(each, ExampleSequence.DEFAULT);
    }

    private Matching(CaptionTrials each, ExampleSequence sequence) {
        this.each = each;
        this.sequence = sequence;
    }

    /** Timesteps of every caption and picture. Default: {@link #N_SAMPLES}. */
    public Matching nSamples(int nSamples) {
        return new Matching(each.withNSamples(nSamples), sequence);
    }

    /** What is drawn and measured. Default: {@link TrialSpec#DEFAULT}. */
    public Matching trials(TrialSpec trials) {
        return new Matching(each.withTrials(trials), sequence);
    }

    /** Which way up image files are read. Default: {@link Turning#UPRIGHT}. */
    public Matching turning(Turning turning) {
        return new Matching(each.withTurning(turning), sequence);
    }

    /** Called before each picture, and where one device has it, after each batch; what it throws ends the question. */
    public Matching before(Runnable work) {
        return new Matching(each.withBefore(work), sequence);
    }

    /** Whether examples are refused with the first picture that cannot be decoded, rather than go on without it. */
    public Matching failFast(boolean stops) {
        return new Matching(each, sequence.withFailFast(stops));
    }

    /**
     * Keeps the answers to examples in a directory, and takes from there what an interrupted run has answered.
     *
     * @param directory of the run; made if need be
     * @param verify    whether files are known by their contents, rather than by size and time, when a run goes on
     */
    public Matching keptIn(Path directory, boolean verify) {
        return new Matching(each, sequence.keptIn(directory, verify));
    }

    /**
     * Compares pictures with captions.
     *
     * @param images   files
     * @param captions none empty, none twice; at least two captions or two images
     * @param seen     gets each picture with its errors, when it is done
     * @return one row a picture
     * @throws InputException for wrong captions, or a file that is no image
     */
    public Answer<List<CaptionErrors>> matrix(List<Path> images, List<String> captions,
                                                  BiConsumer<RgbImage, CaptionErrors> seen) {
        requireComparable(images.size(), captions);
        images.forEach(each::size);     // refuses a wrong file before hours are spent on the others
        return matrix(images.stream().map(Path::toString).toList(), i -> each.read(images.get(i)), captions, seen);
    }

    /**
     * Compares pictures that are in memory already with captions.
     *
     * @param names    what the rows call the pictures, one of each
     * @param captions as above
     * @return one row a picture
     * @throws InputException for wrong captions
     */
    public Answer<List<CaptionErrors>> matrix(List<String> names, List<RgbImage> pictures, List<String> captions) {
        requireComparable(pictures.size(), captions);
        return matrix(names, i -> pictures.get(i).on(each.trials().background()), captions, (picture, errors) -> { });
    }

    private void requireComparable(int images, List<String> captions) {
        if (captions.contains("")) {
            throw InputException.of("%s: caption %d is empty", CAPTIONS, captions.indexOf("") + 1);
        }
        if (captions.stream().distinct().count() < captions.size()) {
            throw InputException.of("%s: expected each caption once, found one twice", CAPTIONS);
        }
        if (images <= 1 && captions.size() <= 1) {
            throw InputException.of("%s: expected at least two captions or two images to compare, found one of each",
                    InputException.field("matching"));
        }
        each.check();
    }

    private Answer<List<CaptionErrors>> matrix(List<String> names, IntFunction<RgbImage> pictures,
            List<String> captions, BiConsumer<RgbImage, CaptionErrors> seen) {
        return each.run(captions, (errors, settings) -> {
            var rows = new ArrayList<CaptionErrors>();
            for (int i = 0; i < names.size(); i++) {
                RgbImage picture = pictures.apply(i);
                rows.add(errors.of(names.get(i), picture, captions));
                seen.accept(picture, rows.get(i));
            }
            return rows;
        });
    }

    /**
     * Scores examples of two pictures and two captions in the manner of Winoground. An example with a picture that
     * cannot be decoded is left out of the scores, and the summary says why.
     *
     * @param asked at least one
     * @param seen  gets each example with its two pictures, when it is done
     * @throws InputException if no example has two whole pictures, or, failing fast, one has not; for a directory of
     *                        another run
     */
    public Answer<MatchingSummary> examples(List<MatchingExample> asked,
                                                BiConsumer<List<RgbImage>, MatchedExample> seen) {
        return sequence.answer(each, asked, new Pairs(each), seen).then((outcome, settings) ->
                MatchingSummary.of(outcome.answers(), outcome.failed(), settings));
    }

    /**
     * Chooses between a picture's caption and one that does not fit. A choice whose picture cannot be decoded is left
     * out, and the summary says why.
     *
     * @param asked at least one
     * @param seen  called after each
     * @throws InputException for a box outside its picture; if no choice has a whole picture, or, failing fast, one has
     *                        not; for a directory of another run
     */
    public Answer<ChoiceSummary> choices(List<CaptionChoice> asked, Runnable seen) {
        return sequence.answer(each, asked, new Choices(each), (picture, choice) -> seen.run())
                .then((outcome, settings) -> ChoiceSummary.of(outcome.answers(), outcome.failed(), settings));
    }

    /** Two pictures and two captions. */
    private record Pairs(CaptionTrials each)
            implements ExampleSequence.Kind<MatchingExample, List<RgbImage>, MatchedExample> {

        @Override
        public Class<MatchedExample> type() {
            return MatchedExample.class;
        }

        @Override
        public List<Path> files(MatchingExample example) {
            return example.images();
        }

        @Override
        public List<String> captions(MatchingExample example) {
            return example.captions();
        }

        @Override
        public List<RgbImage> read(MatchingExample example) {
            return example.images().stream().map(each::read).toList();
        }

        @Override
        public MatchedExample answer(MatchingExample example, List<RgbImage> pictures, CaptionTrials.Errors errors) {
            return MatchedExample.of(example, IntStream.range(0, pictures.size())
                    .mapToObj(i -> errors.of(example.images().get(i).toString(), pictures.get(i), example.captions()))
                    .toList());
        }
    }

    /** A picture and two captions. */
    private record Choices(CaptionTrials each)
            implements ExampleSequence.Kind<CaptionChoice, RgbImage, ChosenCaption> {

        @Override
        public Class<ChosenCaption> type() {
            return ChosenCaption.class;
        }

        @Override
        public List<Path> files(CaptionChoice choice) {
            return List.of(choice.image());
        }

        @Override
        public List<String> captions(CaptionChoice choice) {
            return List.of(choice.right(), choice.wrong());
        }

        @Override
        public void check(CaptionChoice choice, List<ImageSize> sizes) {
            if (choice.box() != null) {
                Boxes.requireIn(sizes.get(0), List.of(choice.box()), choice.image().toString());
            }
        }

        @Override
        public RgbImage read(CaptionChoice choice) {
            return each.readWhole(choice.image());
        }

        @Override
        public ChosenCaption answer(CaptionChoice choice, RgbImage picture, CaptionTrials.Errors errors) {
            CaptionErrors row = errors.of(choice.image().toString(),
                    choice.box() == null ? picture : choice.box().cut(picture), captions(choice));
            return new ChosenCaption(choice.image().toString(), choice.right(), choice.wrong(), choice.kind(),
                    row.errors()[0], row.errors()[1]);
        }
    }
}
