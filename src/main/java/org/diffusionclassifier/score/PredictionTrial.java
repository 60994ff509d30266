package org.diffusionclassifier.score;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.NoiseProcess;

/**
 * What a model predicts, put to the test on an image, for a model whose files do not say it: the error of the noise
 * that follows from its outputs by the noise process that is assumed, and by another that differs in (a, b) alone.
 *
 * <p>Both are measured over {@link #NOISES} noises at the step at which signal and level are closest to each other.
 * There ε and v differ most: at the first steps both are nearly ε, and at the last ones v is nearly −x₀ and every
 * output, read as v, gives nearly the noise.
 *
 * @param assumed mean squared error of ε as the model is read
 * @param other   as it is not
 */
public record PredictionTrial(double assumed, double other) {

    private static final int NOISES = 2;

    /**
     * Below which part of the assumed error the other one is believed. Read as v, the bundled model errs by three to
     * nine times as much as read as ε, which it predicts.
     */
    private static final double FAR_LESS = 1 / 3.0;

    /**
     * Evaluates a few pairs more. It takes what device memory a scorer takes, and gives it back.
     *
     * @param conditioning of one prompt at least; the first is taken
     */
    public static PredictionTrial of(LatentModel model, NoiseProcess other, Conditioning conditioning, RgbImage image) {
        Latents latents = model.latents();
        var read = new Latents(other, latents.size(), latents.channels(), latents.predictsVariance());
        return new PredictionTrial(error(model, latents, conditioning, image), error(model, read, conditioning, image));
    }

    private static double error(LatentModel model, Latents latents, Conditioning conditioning, RgbImage image) {
        NoiseProcess noise = latents.noise();
        int middle = IntStream.range(0, noise.timesteps()).boxed()
                .min(Comparator.comparing(step -> Math.abs(noise.signal(step) - noise.level(step)))).orElseThrow();
        List<Trial> trials = IntStream.range(0, NOISES).mapToObj(index -> new Trial(middle, index)).toList();
        try (var scorer = new LatentScorer(model, latents, conditioning, new Noise.Seeded(0), Objective.L2, NOISES)) {
            scorer.show(image);
            float[][] errors = scorer.errors(new Round(trials, List.of(0)));
            return IntStream.range(0, NOISES).mapToDouble(trial -> errors[trial][0]).average().orElseThrow();
        }
    }

    /** Whether the model is read wrongly, as far as one image shows it. */
    public boolean contradicts() {
        return other < FAR_LESS * assumed;
    }
}
