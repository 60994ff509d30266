package org.diffusionclassifier.strategy;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/**
 * A race as it is asked for: prompts are dropped as soon as they are surely worse than the best. {@link FlatRace} runs
 * all at once, {@link TreeRace} groups of them first.
 *
 * @param confidence 1 − δ, in (0, 1); null for the bound's own, {@link #CONFIDENCE} or {@link #COVARIANCE_CONFIDENCE}
 * @param bound      {@code covariance}, by what was learned of how trials covary; {@code paired-t} or
 *                   {@code anytime}, by an image's own errors alone ({@link Bound#named}); or {@code auto}: covariance
 *                   where something was learned that holds for the run, else paired-t
 * @param maxTrials  timesteps at the most, at least 1; what is left after them is a tie
 * @param tree       a JSON file of groups of classes; null to race all at once
 */
public record Race(Double confidence, String bound, int maxTrials, Path tree) implements StrategySpec {

    public static final String AUTO = "auto";
    public static final String COVARIANCE = "covariance";
    public static final String PAIRED_T = "paired-t";
    public static final String ANYTIME = "anytime";

    /** What the recording that comes with the sources justifies: see the page on races in the documentation. */
    public static final double CONFIDENCE = 0.95;

    /** Likewise: of {@link #COVARIANCE}, whose confidence is the rate of deciding as all trials do. */
    public static final double COVARIANCE_CONFIDENCE = 0.99;

    public static final int MAX_TRIALS = 100;

    private static final InputException.Field TRIALS = InputException.field("maxTrials");

    /** @throws InputException for a confidence outside (0, 1), a bound of another name, or no trials */
    public Race {
        bound = bound.toLowerCase(Locale.ROOT);
        if (confidence != null && !(confidence > 0 && confidence < 1)) {
            throw InputException.of("%s: expected a number between 0 and 1, found %s",
                    InputException.field("confidence"), confidence);
        }
        if (!List.of(AUTO, COVARIANCE, PAIRED_T, ANYTIME).contains(bound)) {
            throw InputException.of("%s: expected %s, %s, %s or %s, found %s", InputException.field("bound"), AUTO,
                    COVARIANCE, PAIRED_T, ANYTIME, bound);
        }
        if (maxTrials < 1) {
            throw InputException.of("%s: expected at least 1, found %d", TRIALS, maxTrials);
        }
    }

    /** The default strategy: {@link #AUTO} with its confidence, {@link #MAX_TRIALS}. */
    public static Race byDefault() {
        return new Race(null, AUTO, MAX_TRIALS, null);
    }

    /** The default race but for its confidence. */
    public static Race atConfidence(double confidence) {
        return new Race(confidence, AUTO, MAX_TRIALS, null);
    }

    /** The race that this comes to, with a bound that is not {@link #AUTO} and a confidence that is not null. */
    public Race by(String decided) {
        double own = decided.equals(COVARIANCE) ? COVARIANCE_CONFIDENCE : CONFIDENCE;
        return new Race(confidence == null ? own : confidence, decided, maxTrials, tree);
    }

    /** Whether an image's own errors alone decide, whatever was learned. */
    public boolean isByOwnErrors() {
        return bound.equals(PAIRED_T) || bound.equals(ANYTIME);
    }

    @Override
    public boolean isExhaustive() {
        return false;
    }

    @Override
    public int noises(TimestepRange drawn, int nTrials) {
        return trials(drawn, nTrials).size();
    }

    /** Of a bound that {@link Bound#named} knows. */
    @Override
    public FlatRace strategy(TimestepRange drawn, int nTrials, List<Integer> classes, int pairsAhead) {
        return strategy(trials(drawn, nTrials), classes, pairsAhead, Bound.named(bound));
    }

    /** By a bound that stands for the one asked for. */
    public FlatRace strategy(List<Trial> trials, List<Integer> classes, int pairsAhead, Bound by) {
        return new FlatRace(trials, by, confidence, classes, pairsAhead);
    }

    /** The same among groups of prompts first. */
    public TreeRace strategy(List<Trial> trials, ClassTree groups, int pairsAhead, Bound by) {
        return new TreeRace(groups, trials, by, confidence, pairsAhead);
    }

    /**
     * All that it may come to evaluate, by ascending timestep.
     *
     * @param drawn   the timesteps to draw from
     * @param nTrials noises a timestep
     * @throws InputException if there are fewer timesteps than it may take
     */
    public List<Trial> trials(TimestepRange drawn, int nTrials) {
        if (maxTrials > drawn.size()) {
            throw InputException.of("%s %d: expected at most the %d timesteps %s", TRIALS, maxTrials, drawn.size(),
                    drawn);
        }
        return TrialPlan.of(drawn, List.of(maxTrials), nTrials).stages().get(0);
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
