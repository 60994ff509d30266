package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.SortedMap;

/**
 * Every prompt at every one of some timesteps, spread evenly: {@link Staged} of one stage.
 *
 * @param nSamples timesteps, at least 1
 */
public record Exhaustive(int nSamples) implements StrategySpec {

    /** @throws org.diffusionclassifier.tensor.InputException for fewer than one */
    public Exhaustive {
        TrialPlan.ascending(List.of(nSamples));
    }

    private Staged oneStage() {
        return new Staged(List.of(nSamples), List.of(1));
    }

    @Override
    public boolean isExhaustive() {
        return true;
    }

    @Override
    public int noises(int timesteps, int nTrials) {
        return oneStage().noises(timesteps, nTrials);
    }

    @Override
    public StagedElimination strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead) {
        return oneStage().strategy(timesteps, nTrials, classes, pairsAhead);
    }

    @Override
    public void describe(SortedMap<String, String> settings, int pairsAhead) {
        oneStage().describe(settings, pairsAhead);
    }

    /** As {@link StrategySpec#parse} reads it. */
    @Override
    public String toString() {
        return oneStage().toString();
    }
}
