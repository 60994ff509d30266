package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.tensor.InputException;

/**
 * Every prompt at every {@code interval}-th timestep of the model, from the (interval/2)-th on, as the paper's runs of
 * DiT have them with 4.
 *
 * @param interval a divisor of the model's timesteps
 */
public record Interval(int interval) implements StrategySpec {

    private static final InputException.Field INTERVAL = InputException.field("interval");

    /** @throws InputException for less than 1 */
    public Interval {
        if (interval < 1) {
            throw InputException.of("%s: expected at least 1, found %d", INTERVAL, interval);
        }
    }

    private Staged of(int timesteps) {
        if (timesteps % interval != 0) {
            throw InputException.of("%s %d: expected a divisor of the model's %d timesteps", INTERVAL, interval,
                    timesteps);
        }
        return Staged.exhaustive(timesteps / interval);
    }

    @Override
    public boolean isExhaustive() {
        return true;
    }

    @Override
    public int noises(int timesteps, int nTrials) {
        return of(timesteps).noises(timesteps, nTrials);
    }

    @Override
    public StagedElimination strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead) {
        return of(timesteps).strategy(timesteps, nTrials, classes, pairsAhead);
    }

    @Override
    public void describe(SortedMap<String, String> settings, int pairsAhead) {
        settings.put("interval", String.valueOf(interval));
    }
}
