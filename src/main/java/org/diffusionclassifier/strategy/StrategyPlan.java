package org.diffusionclassifier.strategy;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/** A strategy as it is asked for, before the model and the prompts are known. */
public sealed interface StrategyPlan {

    /** Trials that it may come to evaluate, of a model with these timesteps. */
    int noises(int timesteps, int nTrials);

    /**
     * The strategy itself.
     *
     * @param timesteps  T of the model
     * @param nTrials    noises a timestep
     * @param classes    of each prompt
     * @param pairsAhead how many pairs to ask for at once, so that batches are full
     * @throws InputException if the numbers do not fit the model's or the prompts'
     */
    Strategy strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead);

    /**
     * {@link StagedElimination}, or with one stage everything.
     *
     * @param nSamples timesteps evaluated by the end of each stage
     * @param toKeep   prompts kept after each
     */
    record Staged(List<Integer> nSamples, List<Integer> toKeep) implements StrategyPlan {

        public Staged {
            TrialPlan.ascending(nSamples);
            nSamples = List.copyOf(nSamples);
            toKeep = List.copyOf(toKeep);
        }

        @Override
        public int noises(int timesteps, int nTrials) {
            return TrialPlan.of(timesteps, nSamples, nTrials).noises();
        }

        @Override
        public StagedElimination strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead) {
            return new StagedElimination(TrialPlan.of(timesteps, nSamples, nTrials), toKeep, classes.size());
        }

        @Override
        public String toString() {
            return nSamples.size() == 1 ? "exhaustive:" + nSamples.get(0) : "staged:" + join(nSamples) + "/" + join(toKeep);
        }

        private static String join(List<Integer> numbers) {
            return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
        }
    }

    /**
     * {@link Race}.
     *
     * @param maxTrials  timesteps at the most
     * @param confidence 1 − δ
     * @param bound      {@code paired-t} or {@code anytime}
     */
    record Racing(int maxTrials, double confidence, String bound) implements StrategyPlan {

        public Racing {
            Race.requireConfidence(confidence);
            Bound.named(bound);
        }

        @Override
        public int noises(int timesteps, int nTrials) {
            return trials(timesteps, nTrials).size();
        }

        @Override
        public Race strategy(int timesteps, int nTrials, List<Integer> classes, int pairsAhead) {
            return new Race(trials(timesteps, nTrials), Bound.named(bound), confidence, classes, pairsAhead);
        }

        /** The same among groups of prompts first. */
        public TreeRace strategy(int timesteps, int nTrials, ClassTree tree, int pairsAhead) {
            return new TreeRace(tree, trials(timesteps, nTrials), Bound.named(bound), confidence, pairsAhead);
        }

        private List<Trial> trials(int timesteps, int nTrials) {
            return TrialPlan.of(timesteps, List.of(maxTrials), nTrials).stages().get(0);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "race:%s,%s,%d", confidence, bound, maxTrials);
        }
    }

    /**
     * Reads {@code exhaustive:N}, {@code staged:N,…/K,…} or {@code race:CONFIDENCE[,BOUND[,MAX-TRIALS]]}.
     *
     * @param most the largest number of timesteps there may be, which a race has unless it says otherwise
     * @throws InputException for another form
     */
    static StrategyPlan parse(String text, int most) {
        String[] parts = text.strip().split(":", 2);
        try {
            String numbers = parts.length < 2 ? "" : parts[1];
            switch (parts[0].toLowerCase(Locale.ROOT)) {
                case "exhaustive":
                    return new Staged(List.of(numbers.isEmpty() ? most : Integer.parseInt(numbers)), List.of(1));
                case "staged":
                    String[] halves = numbers.split("/", 2);
                    return new Staged(integers(halves[0]), integers(halves[1]));
                case "race":
                    String[] fields = numbers.split(",");
                    return new Racing(fields.length < 3 ? most : Integer.parseInt(fields[2]),
                            fields[0].isEmpty() ? DEFAULT_CONFIDENCE : Double.parseDouble(fields[0]),
                            fields.length < 2 ? DEFAULT_BOUND : fields[1]);
                default:
                    // refused below
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            // refused below
        }
        throw new InputException("strategy " + text + ": expected exhaustive:N, staged:N,…/K,… or "
                + "race:CONFIDENCE[,BOUND[,MAX-TRIALS]], as staged:20,100/5,1 or race:0.95,paired-t");
    }

    /** What the recording that comes with the sources justifies: README, "Race". */
    double DEFAULT_CONFIDENCE = 0.95;

    /** See {@link #DEFAULT_CONFIDENCE}. */
    String DEFAULT_BOUND = "paired-t";

    private static List<Integer> integers(String list) {
        return Arrays.stream(list.split(",")).map(String::strip).map(Integer::valueOf).toList();
    }
}
