package org.diffusionclassifier.strategy;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/**
 * A race as it is asked for: prompts are dropped as soon as they are surely worse than the best. {@link FlatRace} runs
 * all at once, {@link TreeRace} groups of them first.
 *
 * @param confidence 1 − δ, in (0, 1)
 * @param bound      {@code paired-t} or {@code anytime}: see {@link Bound#named}
 * @param maxTrials  timesteps at the most, at least 1; what is left after them is a tie
 * @param tree       a JSON file of groups of classes; null to race all at once
 */
public record Race(double confidence, String bound, int maxTrials, Path tree) implements StrategySpec {

    /** What the recording that comes with the sources justifies: see the page on races in the documentation. */
    public static final double CONFIDENCE = 0.95;

    /** See {@link #CONFIDENCE}. */
    public static final String BOUND = "paired-t";

    public static final int MAX_TRIALS = 100;

    private static final InputException.Field TRIALS = InputException.field("maxTrials");

    /** @throws InputException for a confidence outside (0, 1), a bound of another name, or no trials */
    public Race {
        if (!(confidence > 0 && confidence < 1)) {
            throw InputException.of("%s: expected a number between 0 and 1, found %s",
                    InputException.field("confidence"), confidence);
        }
        Bound.named(bound);
        if (maxTrials < 1) {
            throw InputException.of("%s: expected at least 1, found %d", TRIALS, maxTrials);
        }
    }

    /** The default strategy: {@link #CONFIDENCE}, {@link #BOUND}, {@link #MAX_TRIALS}. */
    public static Race byDefault() {
        return atConfidence(CONFIDENCE);
    }

    /** The default race but for its confidence. */
    public static Race atConfidence(double confidence) {
        return new Race(confidence, BOUND, MAX_TRIALS, null);
    }

    @Override
    public boolean isExhaustive() {
        return false;
    }

    @Override
    public int noises(int timesteps, int nTrials) {
        return trials(timesteps, nTrials).size();
    }

    @Override
    public FlatRace strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead) {
        return new FlatRace(trials(timesteps, nTrials), Bound.named(bound), confidence, classes, pairsAhead);
    }

    /** The same among groups of prompts first. */
    public TreeRace strategy(int timesteps, int nTrials, ClassTree groups, int pairsAhead) {
        return new TreeRace(groups, trials(timesteps, nTrials), Bound.named(bound), confidence, pairsAhead);
    }

    private List<Trial> trials(int timesteps, int nTrials) {
        if (maxTrials > timesteps) {
            throw InputException.of("%s %d: expected at most the model's %d timesteps", TRIALS, maxTrials, timesteps);
        }
        return TrialPlan.of(timesteps, List.of(maxTrials), nTrials).stages().get(0);
    }

    @Override
    public void describe(SortedMap<String, String> settings, int pairsAhead) {
        settings.put("strategy", toString());
        settings.put("pairs-ahead", String.valueOf(pairsAhead));
        if (tree != null) {
            settings.put("tree", tree.toAbsolutePath().normalize().toString());
        }
    }

    /** As {@link StrategySpec#parse} reads it; the tree apart. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "race:%s,%s,%d", confidence, bound, maxTrials);
    }
}
