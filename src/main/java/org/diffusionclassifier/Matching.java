package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.diffusionclassifier.dataset.Boxes;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.published.CaptionChoice;
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
    private final boolean failFast;

    Matching(CaptionTrials each) {
        this(each, false);
    }

    private Matching(CaptionTrials each, boolean failFast) {
        this.each = each;
        this.failFast = failFast;
    }

    /** Timesteps of every caption and picture. Default: {@link #N_SAMPLES}. */
    public Matching nSamples(int nSamples) {
        return new Matching(each.withNSamples(nSamples), failFast);
    }

    /** What is drawn and measured. Default: {@link TrialSpec#DEFAULT}. */
    public Matching trials(TrialSpec trials) {
        return new Matching(each.withTrials(trials), failFast);
    }

    /** Which way up image files are read. Default: {@link Turning#UPRIGHT}. */
    public Matching turning(Turning turning) {
        return new Matching(each.withTurning(turning), failFast);
    }

    /** Whether examples are refused with the first picture that cannot be decoded, rather than go on without it. */
    public Matching failFast(boolean stops) {
        return new Matching(each, stops);
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
        if (captions.contains("")) {
            throw InputException.of("%s: caption %d is empty", CAPTIONS, captions.indexOf("") + 1);
        }
        if (captions.stream().distinct().count() < captions.size()) {
            throw InputException.of("%s: expected each caption once, found one twice", CAPTIONS);
        }
        if (images.size() <= 1 && captions.size() <= 1) {
            throw InputException.of("%s: expected at least two captions or two images to compare, found one of each",
                    InputException.field("matching"));
        }
        each.check();
        images.forEach(each::size);     // refuses a wrong file before hours are spent on the others
        return each.run(captions, errors -> {
            var rows = new ArrayList<CaptionErrors>();
            for (Path image : images) {
                RgbImage picture = each.read(image);
                rows.add(errors.of(image.toString(), picture, captions));
                seen.accept(picture, rows.get(rows.size() - 1));
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
     * @throws InputException if no example has two whole pictures, or, failing fast, one has not
     */
    public Answer<MatchingSummary> examples(List<MatchingExample> asked,
                                                BiConsumer<List<RgbImage>, MatchedExample> seen) {
        each.check();
        var failures = new Failures(failFast);
        List<MatchingExample> whole = asked.stream().filter(example -> failures.attempt(() ->
                example.images().stream().map(each::size).toList()).isPresent()).toList();
        failures.requireSome(whole);    // before anything is loaded
        List<String> captions = whole.stream().flatMap(example -> example.captions().stream()).toList();
        var matched = each.run(captions, errors -> {
            var done = new ArrayList<MatchedExample>();
            for (MatchingExample example : whole) {
                var decoded = failures.attempt(() -> example.images().stream()
                        .map(each::read).toList());
                decoded.ifPresent(pictures -> {
                    var rows = new ArrayList<CaptionErrors>();
                    for (int i = 0; i < pictures.size(); i++) {
                        rows.add(errors.of(example.images().get(i).toString(), pictures.get(i), example.captions()));
                    }
                    done.add(MatchedExample.of(example, rows));
                    seen.accept(pictures, done.get(done.size() - 1));
                });
            }
            failures.requireSome(done);
            return done;
        });
        return matched.of(MatchingSummary.of(matched.value(), failures.reasons(), matched.settings()));
    }

    /**
     * Chooses between a picture's caption and one that does not fit. A choice whose picture cannot be decoded is left
     * out, and the summary says why.
     *
     * @param asked at least one
     * @param seen  called after each
     * @throws InputException for a box outside its picture; if no choice has a whole picture, or, failing fast, one has
     *                        not
     */
    public Answer<ChoiceSummary> choices(List<CaptionChoice> asked, Runnable seen) {
        each.check();
        var failures = new Failures(failFast);
        var whole = new ArrayList<CaptionChoice>();
        for (CaptionChoice choice : asked) {
            failures.attempt(() -> each.size(choice.image())).ifPresent(size -> {
                if (choice.box() != null) {
                    Boxes.requireIn(size, List.of(choice.box()), choice.image().toString());
                }
                whole.add(choice);
            });
        }
        failures.requireSome(whole);    // before anything is loaded
        List<String> captions = whole.stream().flatMap(choice -> Stream.of(choice.right(), choice.wrong())).toList();
        var chosen = each.run(captions, errors -> {
            var done = new ArrayList<ChosenCaption>();
            for (CaptionChoice choice : whole) {
                failures.attempt(() -> each.readWhole(choice.image()))
                        .ifPresent(picture -> {
                            CaptionErrors row = errors.of(choice.image().toString(),
                                    choice.box() == null ? picture : choice.box().cut(picture),
                                    List.of(choice.right(), choice.wrong()));
                            done.add(new ChosenCaption(choice.image().toString(), choice.right(), choice.wrong(),
                                    choice.kind(), row.errors()[0], row.errors()[1]));
                            seen.run();
                        });
            }
            failures.requireSome(done);
            return done;
        });
        return chosen.of(ChoiceSummary.of(chosen.value(), failures.reasons(), chosen.settings()));
    }
}
