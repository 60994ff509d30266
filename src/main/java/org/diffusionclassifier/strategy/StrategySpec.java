package org.diffusionclassifier.strategy;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.tensor.InputException;

/**
 * A strategy as it is asked for, before the model and the prompts are known: {@link Race}, {@link Staged}
 * or {@link Interval}. Immutable; constructors refuse what no model could fit.
 */
public sealed interface StrategySpec permits Race, Staged, Interval {

    /** Whether every prompt sees every trial, as a recording of errors needs it. */
    boolean isExhaustive();

    /** @throws InputException if so many prompts do not fit */
    default void check(int prompts) {
    }

    /**
     * Trials that it may come to evaluate, at the most.
     *
     * @param drawn   the timesteps to draw from
     * @param nTrials noises a timestep
     * @throws InputException if the numbers do not fit the timesteps
     */
    int noises(TimestepRange drawn, int nTrials);

    /**
     * Pairs of a prompt and a trial that it may come to evaluate for an image, at the most.
     *
     * @param drawn   the timesteps to draw from
     * @param nTrials noises a timestep
     * @param prompts how many there are
     * @throws InputException if the numbers do not fit the timesteps
     */
    default long mostPairs(TimestepRange drawn, int nTrials, int prompts) {
        return (long) prompts * noises(drawn, nTrials);
    }

    /**
     * The strategy itself.
     *
     * @param drawn      the timesteps to draw from
     * @param nTrials    noises a timestep
     * @param classes    of each prompt
     * @param pairsAhead how many pairs to ask for at once, so that batches are full
     * @throws InputException if the numbers do not fit the timesteps or the prompts
     */
    Strategy strategy(TimestepRange drawn, int nTrials, List<Integer> classes, int pairsAhead);

    /** Adds what results depend on, by name. */
    void describe(SortedMap<String, String> settings, int pairsAhead);

    /**
     * Reads {@code exhaustive:N}, {@code staged:N,…/K,…} or {@code race:CONFIDENCE[,BOUND[,MAX-TRIALS]]}, as
     * {@link Object#toString} writes them.
     *
     * @param most the largest number of timesteps there may be, which a race has unless it says otherwise
     * @throws InputException for another form
     */
    static StrategySpec parse(String text, int most) {
        String[] parts = text.strip().split(":", 2);
        try {
            String numbers = parts.length < 2 ? "" : parts[1];
            switch (parts[0].toLowerCase(Locale.ROOT)) {
                case "exhaustive":
                    return Staged.exhaustive(numbers.isEmpty() ? most : Integer.parseInt(numbers));
                case "staged":
                    String[] halves = numbers.split("/", 2);
                    return new Staged(integers(halves[0]), integers(halves[1]));
                case "race":
                    String[] fields = numbers.split(",");
                    String bound = fields.length < 2 ? Race.PAIRED_T : fields[1];
                    return new Race(fields[0].isEmpty() ? null : Double.valueOf(fields[0]), bound,
                            fields.length < 3 ? most : Integer.parseInt(fields[2]), null).by(bound);
                default:
                    // refused below
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            // refused below
        }
        throw new InputException("strategy " + text + ": expected exhaustive:N, staged:N,…/K,… or "
                + "race:CONFIDENCE[,BOUND[,MAX-TRIALS]], as staged:20,100/5,1 or race:0.95,paired-t");
    }

    private static List<Integer> integers(String list) {
        return Arrays.stream(list.split(",")).map(String::strip).map(Integer::valueOf).toList();
    }
}
