package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.Objects;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.diffusionclassifier.image.Background;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.model.Target;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.strategy.TrialPlan;

/**
 * What a trial is: which timestep and noise are drawn and mixed into what, what is measured of the prediction, and how
 * much that counts.
 *
 * @param loss            what classes are compared by
 * @param target          in what errors are measured; null for what the model was trained to predict where that is a
 *                        velocity, else ε
 * @param timesteps       which ones are drawn from; null for all of the model's
 * @param timestepWeights how much each one counts
 * @param nTrials         noises a timestep, from 1 to 1000
 * @param seed            of the noise
 * @param noise           a safetensors file of one tensor [N, channels, height, width] to take the noise from instead;
 *                        or null
 * @param background      on which transparent parts of a picture lie; null for the colours that are stored behind
 *                        them, which are what the reference implementation sees
 */
public record TrialSpec(Objective loss, Target target, TimestepRange timesteps, TimestepWeights timestepWeights,
        int nTrials, long seed, Path noise, Background background) {

    /** (ε − ε̂)², all timesteps alike, one noise a timestep, seed 0, no background. */
    public static final TrialSpec DEFAULT = new TrialSpec(Objective.L2, null, null, new TimestepWeights.Uniform(), 1, 0,
            null, null);

    /** @throws org.diffusionclassifier.tensor.InputException for a number of noises that there cannot be */
    public TrialSpec {
        Objects.requireNonNull(timestepWeights);
        TrialPlan.requireNTrials(nTrials);
    }

    public TrialSpec withLoss(Objective other) {
        return new TrialSpec(other, target, timesteps, timestepWeights, nTrials, seed, noise, background);
    }

    public TrialSpec withTarget(Target other) {
        return new TrialSpec(loss, other, timesteps, timestepWeights, nTrials, seed, noise, background);
    }

    /** @param other null for all of the model's */
    public TrialSpec withTimesteps(TimestepRange other) {
        return new TrialSpec(loss, target, other, timestepWeights, nTrials, seed, noise, background);
    }

    public TrialSpec withTimestepWeights(TimestepWeights other) {
        return new TrialSpec(loss, target, timesteps, other, nTrials, seed, noise, background);
    }

    public TrialSpec withNTrials(int other) {
        return new TrialSpec(loss, target, timesteps, timestepWeights, other, seed, noise, background);
    }

    /** Noise by a seed, no longer from a file. */
    public TrialSpec withSeed(long other) {
        return new TrialSpec(loss, target, timesteps, timestepWeights, nTrials, other, null, background);
    }

    public TrialSpec withNoise(Path other) {
        return new TrialSpec(loss, target, timesteps, timestepWeights, nTrials, seed, other, background);
    }

    public TrialSpec withBackground(Background other) {
        return new TrialSpec(loss, target, timesteps, timestepWeights, nTrials, seed, noise, other);
    }

    /**
     * The timesteps that trials are drawn from.
     *
     * @param ofModel T
     * @throws org.diffusionclassifier.tensor.InputException if the model has fewer
     */
    public TimestepRange drawnFrom(int ofModel) {
        return timesteps == null ? TimestepRange.all(ofModel) : timesteps.within(ofModel);
    }

    /**
     * What the errors at each timestep are multiplied by.
     *
     * @return [T], as {@link TimestepWeights#factors} has it
     * @throws org.diffusionclassifier.tensor.InputException for timesteps that the model has not, or weights that
     *                                                       cannot be had
     */
    float[] factors(NoiseProcess process) {
        return timestepWeights.factors(process, drawnFrom(process.timesteps()));
    }

    /** Whether every one of a model's timesteps counts alike, as it does by default. */
    boolean countsAllTimesteps(int ofModel) {
        return drawnFrom(ofModel).equals(TimestepRange.all(ofModel))
                && timestepWeights instanceof TimestepWeights.Uniform;
    }

    /** The files that errors depend on. */
    Stream<Path> inputs() {
        return Stream.of(noise, timestepWeights instanceof TimestepWeights.Read weights ? weights.file() : null)
                .filter(Objects::nonNull);
    }

    /** Adds what errors depend on, by name. @param ofModel T */
    void describe(SortedMap<String, String> settings, int ofModel) {
        settings.put("loss", loss.toString());
        if (target != null) {
            settings.put("target", target.toString());
        }
        if (!drawnFrom(ofModel).equals(TimestepRange.all(ofModel))) {
            settings.put(TimestepRange.SETTING, timesteps.toString());
        }
        if (!(timestepWeights instanceof TimestepWeights.Uniform)) {
            settings.put("timestep-weights", timestepWeights.described());
        }
        settings.put("n-trials", String.valueOf(nTrials));
        settings.put("noise", noise == null ? "seed " + seed : noise.toAbsolutePath().normalize().toString());
        if (background != null) {
            settings.put("background", background.toString());
        }
    }
}
