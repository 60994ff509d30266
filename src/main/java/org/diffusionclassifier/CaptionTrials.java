package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.InputException;

/**
 * A model, and the trials over which it compares every picture with every caption: what matching and referring share.
 *
 * @param before as {@link CaptionComparison} has it
 */
record CaptionTrials(DiffusionModel model, Staged timesteps, TrialSpec trials, Turning turning, Runnable before) {

    /** Where a picture's errors are asked for. */
    interface Errors {

        /** By the picture's name, itself, and captions in any order. */
        CaptionErrors of(String name, RgbImage picture, List<String> captions);

        /** Pairs evaluated so far. */
        long pairs();
    }

    /** The comparison of one {@link #run}. */
    private record Compared(Scorers scorers, CaptionComparison comparison) implements Errors {

        @Override
        public CaptionErrors of(String name, RgbImage picture, List<String> captions) {
            return scorers.together(picture, scorer -> comparison.errors(name, picture, captions));
        }

        @Override
        public long pairs() {
            return comparison.pairs();
        }
    }

    CaptionTrials withNSamples(int nSamples) {
        return new CaptionTrials(model, Staged.exhaustive(nSamples), trials, turning, before);
    }

    CaptionTrials withTrials(TrialSpec other) {
        return new CaptionTrials(model, timesteps, other, turning, before);
    }

    CaptionTrials withTurning(Turning other) {
        return new CaptionTrials(model, timesteps, trials, other, before);
    }

    CaptionTrials withBefore(Runnable other) {
        return new CaptionTrials(model, timesteps, trials, turning, other);
    }

    /** The size of an image file's picture. @throws InputException if it is none */
    ImageSize size(Path image) {
        return ImageDecoder.size(image, turning);
    }

    /** An image file's picture, to be resized. @throws InputException if it is none */
    RgbImage read(Path image) {
        return ImageDecoder.read(image, turning).on(trials.background());
    }

    /** An image file's picture, where coordinates in it count. @throws InputException if it is none */
    RgbImage readWhole(Path image) {
        return ImageDecoder.readWhole(image, turning).on(trials.background());
    }

    /** @throws InputException for what can be refused before anything is loaded */
    void check() {
        plan();
        trials.factors(model.files().latents().noise());
        LatentScorer.requireFits(trials.loss(), model.files().latents());
    }

    /** The files that errors depend on besides the pictures. */
    List<Path> inputs() {
        return Stream.concat(model.files().inputs().stream(), trials.inputs()).toList();
    }

    private List<Trial> plan() {
        return TrialPlan.of(trials.drawnFrom(model.timesteps()), timesteps.nSamples(), trials.nTrials()).stages()
                .get(0);
    }

    /**
     * Loads the model for some captions, and compares by it; other threads may have the device between two pictures.
     *
     * @param captions all that will be compared
     * @param work     gets what the errors depend on, by name, too
     */
    <T> Answer<T> run(Collection<String> captions, BiFunction<Errors, SortedMap<String, String>, T> work) {
        List<String> prompts = CaptionComparison.prompts(model.files().unconditional(), captions);
        List<Trial> plan = plan();
        try (var scorers = Scorers.open(model.replicas(), prompts, trials, plan.size(), null)) {
            var settings = new TreeMap<String, String>();
            model.describe(settings);
            timesteps.describe(settings, scorers.first().pairsAhead());
            trials.describe(settings, model.timesteps());
            if (turning == Turning.STORED) {
                settings.put("pictures", "not turned by EXIF");
            }
            var errors = new Compared(scorers, new CaptionComparison(scorers.ofAll(), prompts, plan, before));
            long start = System.nanoTime();
            T answer = work.apply(errors, settings);
            return new Answer<>(answer, settings, plan.size(), errors.pairs(), (System.nanoTime() - start) * 1e-9,
                    PromptNotices.of(prompts, scorers.conditioning()));
        }
    }
}
