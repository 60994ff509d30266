package org.diffusionclassifier.strategy;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/**
 * The trials of each stage, as the paper's code picks them (diffusion-classifier, {@code eval_prob_adaptive.py}): with
 * N = max(n_samples) the grid is range(⌊⌊T/N⌋/2⌋, T, ⌊T/N⌋) cut to N; a stage of n samples takes every ⌊|grid|/n⌋-th
 * of it from half that on, cut to n, less those already evaluated. The k-th timestep evaluated in all has noise k, or
 * with several noises a timestep the k-th run of them. Of a {@link TimestepRange}, T is its size, and timesteps are
 * counted from its first.
 *
 * @param stages the trials that each stage adds
 */
public record TrialPlan(List<List<Trial>> stages) {

    private static final InputException.Field N_SAMPLES = InputException.field("nSamples");

    /** Noises a timestep; more would only fill the memory. */
    private static final int MOST_TRIALS = 1000;

    public TrialPlan {
        stages = stages.stream().map(List::copyOf).toList();
    }

    /** Of all of a model's timesteps. @param timesteps T of the model */
    public static TrialPlan of(int timesteps, List<Integer> nSamples, int nTrials) {
        return of(TimestepRange.all(timesteps), nSamples, nTrials);
    }

    /**
     * @param drawn     the timesteps to draw from, T in all
     * @param nSamples  timesteps that each stage asks for, ascending, in [1, T]
     * @param nTrials   noises a timestep, in [1, 1000], the k-th having noises k·nTrials to (k + 1)·nTrials − 1
     * @throws InputException if the numbers of samples do not ascend within [1, T], or there are too many trials
     */
    public static TrialPlan of(TimestepRange drawn, List<Integer> nSamples, int nTrials) {
        requireNTrials(nTrials);
        int most = ascending(nSamples);
        int timesteps = drawn.size();
        if (most > timesteps) {
            throw InputException.of("%s %d: expected at most the %d timesteps %s", N_SAMPLES, most, timesteps, drawn);
        }
        int step = timesteps / most;
        int[] grid = IntStream.iterate(step / 2, t -> t < timesteps, t -> t + step).limit(most).toArray();
        Set<Integer> evaluated = new LinkedHashSet<>();
        List<List<Trial>> stages = new ArrayList<>();
        for (int n : nSamples) {
            int stride = grid.length / n;
            List<Trial> stage = new ArrayList<>();
            IntStream.iterate(stride / 2, i -> i < grid.length, i -> i + stride).limit(n)
                    .map(i -> drawn.from() + grid[i])
                    .filter(evaluated::add)
                    .forEach(t -> {
                        int k = evaluated.size() - 1;
                        IntStream.range(k * nTrials, (k + 1) * nTrials).forEach(i -> stage.add(new Trial(t, i)));
                    });
            stages.add(stage);
        }
        return new TrialPlan(stages);
    }

    /** @throws InputException unless there may be so many noises a timestep */
    public static void requireNTrials(int nTrials) {
        if (nTrials < 1 || nTrials > MOST_TRIALS) {
            throw InputException.of("%s: expected 1 to %d, found %d", InputException.field("nTrials"), MOST_TRIALS,
                    nTrials);
        }
    }

    /**
     * The last of the numbers of samples.
     *
     * @throws InputException if they do not ascend from 1 on
     */
    public static int ascending(List<Integer> nSamples) {
        int most = 0;
        for (int n : nSamples) {
            if (n <= most) {
                throw InputException.of("%s: expected ascending numbers from 1 on, found %d%s", N_SAMPLES, n,
                        most == 0 ? "" : " after " + most);
            }
            most = n;
        }
        if (most == 0) {
            throw InputException.of("%s: expected at least one number, found none", N_SAMPLES);
        }
        return most;
    }

    /** How many different noises the plan uses. */
    public int noises() {
        return stages.stream().mapToInt(List::size).sum();
    }
}
