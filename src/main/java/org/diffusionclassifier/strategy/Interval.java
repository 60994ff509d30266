package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.tensor.InputException;

/**
 * Every prompt at every {@code interval}-th timestep that there is, from the (interval/2)-th on, as the paper's runs of
 * DiT have them with 4.
 *
 * @param interval a divisor of the number of timesteps
 */
public record Interval(int interval) implements StrategySpec {

    private static final InputException.Field INTERVAL = InputException.field("interval");

    /** @throws InputException for less than 1 */
    public Interval {
        if (interval < 1) {
            throw InputException.of("%s: expected at least 1, found %d", INTERVAL, interval);
        }
    }

    private Staged of(TimestepRange drawn) {
        if (drawn.size() % interval != 0) {
            throw InputException.of("%s %d: expected a divisor of the %d timesteps %s", INTERVAL, interval,
                    drawn.size(), drawn);
        }
        return Staged.exhaustive(drawn.size() / interval);
    }

    @Override
    public boolean isExhaustive() {
        return true;
    }

    @Override
    public int noises(TimestepRange drawn, int nTrials) {
        return of(drawn).noises(drawn, nTrials);
    }

    @Override
    public StagedElimination strategy(TimestepRange drawn, int nTrials, List<Integer> classes, int pairsAhead) {
        return of(drawn).strategy(drawn, nTrials, classes, pairsAhead);
    }

    @Override
    public void describe(SortedMap<String, String> settings, int pairsAhead) {
        settings.put("interval", String.valueOf(interval));
    }
}
