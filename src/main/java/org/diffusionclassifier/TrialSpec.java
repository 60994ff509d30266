package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.SortedMap;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.model.Target;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.TrialPlan;

/**
 * What a trial is: which noise is drawn and mixed into what, and what is measured of its prediction.
 *
 * @param loss       what classes are compared by
 * @param target     in what errors are measured; null for what the model was trained to predict where that is a velocity,
 *                   else ε
 * @param nTrials    noises a timestep, from 1 to 1000
 * @param seed       of the noise
 * @param noise      a safetensors file of one tensor [N, channels, height, width] to take the noise from instead; or
 *                   null
 * @param background on which transparent parts of a picture lie; null for the colours that are stored behind them,
 *                   which are what the reference implementation sees
 */
public record TrialSpec(Objective loss, Target target, int nTrials, long seed, Path noise, Background background) {

    /** (ε − ε̂)², one noise a timestep, seed 0, no background. */
    public static final TrialSpec DEFAULT = new TrialSpec(Objective.L2, null, 1, 0, null, null);

    /** @throws org.diffusionclassifier.tensor.InputException for a number of noises that there cannot be */
    public TrialSpec {
        TrialPlan.requireNTrials(nTrials);
    }

    public TrialSpec withLoss(Objective other) {
        return new TrialSpec(other, target, nTrials, seed, noise, background);
    }

    public TrialSpec withTarget(Target other) {
        return new TrialSpec(loss, other, nTrials, seed, noise, background);
    }

    public TrialSpec withNTrials(int other) {
        return new TrialSpec(loss, target, other, seed, noise, background);
    }

    /** Noise by a seed, no longer from a file. */
    public TrialSpec withSeed(long other) {
        return new TrialSpec(loss, target, nTrials, other, null, background);
    }

    public TrialSpec withNoise(Path other) {
        return new TrialSpec(loss, target, nTrials, seed, other, background);
    }

    public TrialSpec withBackground(Background other) {
        return new TrialSpec(loss, target, nTrials, seed, noise, other);
    }

    /** Adds what errors depend on, by name. */
    void describe(SortedMap<String, String> settings) {
        settings.put("loss", loss.toString());
        if (target != null) {
            settings.put("target", target.toString());
        }
        settings.put("n-trials", String.valueOf(nTrials));
        settings.put("noise", noise == null ? "seed " + seed : noise.toAbsolutePath().normalize().toString());
        if (background != null) {
            settings.put("background", background.toString());
        }
    }
}
