package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;

/**
 * The paper's adaptive evaluation, {@link StagedElimination}, as it is asked for.
 *
 * @param nSamples timesteps that each stage asks for, ascending from 1 on; see {@link TrialPlan}
 * @param toKeep   prompts that survive each stage, ending in 1
 */
public record Staged(List<Integer> nSamples, List<Integer> toKeep) implements StrategySpec {

    /** Of the paper's code, for ten classes. */
    public static final List<Integer> N_SAMPLES = List.of(50, 500);

    private static final List<Integer> TO_KEEP = List.of(5, 1);

    /** @throws org.diffusionclassifier.tensor.InputException if the samples do not ascend from 1 on */
    public Staged {
        TrialPlan.ascending(nSamples);
        nSamples = List.copyOf(nSamples);
        toKeep = List.copyOf(toKeep);
    }

    /**
     * Every prompt at every one of some timesteps, spread evenly: one stage.
     *
     * @throws org.diffusionclassifier.tensor.InputException for fewer than one
     */
    public static Staged exhaustive(int timesteps) {
        return new Staged(List.of(timesteps), List.of(1));
    }

    /** The default of {@code toKeep}: 5, then 1, or all prompts if there are fewer. */
    public static List<Integer> toKeepOf(int prompts) {
        return TO_KEEP.stream().map(keep -> Math.min(keep, prompts)).toList();
    }

    @Override
    public boolean isExhaustive() {
        return nSamples.size() == 1;
    }

    @Override
    public void check(int prompts) {
        StagedElimination.check(nSamples.size(), toKeep, prompts);
    }

    @Override
    public int noises(TimestepRange drawn, int nTrials) {
        return TrialPlan.of(drawn, nSamples, nTrials).noises();
    }

    @Override
    public long mostPairs(TimestepRange drawn, int nTrials, int prompts) {
        List<List<Trial>> stages = TrialPlan.of(drawn, nSamples, nTrials).stages();
        long pairs = 0;
        for (int stage = 0; stage < stages.size(); stage++) {
            pairs += (long) stages.get(stage).size() * (stage == 0 ? prompts : toKeep.get(stage - 1));
        }
        return pairs;
    }

    /** With no more to keep than there are prompts. */
    public Staged fitting(int prompts) {
        return new Staged(nSamples, toKeep.stream().map(keep -> Math.min(keep, prompts)).toList());
    }

    @Override
    public StagedElimination strategy(TimestepRange drawn, int nTrials, List<Integer> classes, int pairsAhead) {
        return new StagedElimination(TrialPlan.of(drawn, nSamples, nTrials), toKeep, classes.size());
    }

    @Override
    public void describe(SortedMap<String, String> settings, int pairsAhead) {
        settings.put("n-samples", join(nSamples));
        settings.put("to-keep", join(toKeep));
    }

    /** As {@link StrategySpec#parse} reads it. */
    @Override
    public String toString() {
        return nSamples.size() == 1 ? "exhaustive:" + nSamples.get(0) : "staged:" + join(nSamples) + "/" + join(toKeep);
    }

    private static String join(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
