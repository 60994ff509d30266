package org.diffusionclassifier.strategy;

import java.util.Locale;
import org.diffusionclassifier.tensor.InputException;

/** When a rival's errors are surely above the best prompt's, judged by their paired differences. */
public interface Bound {

    /**
     * Judges rivals of one best prompt.
     *
     * @param differences [rivals][n], a rival's error less the best's, trial by trial; n ≥ 1
     * @param timesteps   t of each of the n trials
     * @param of          N ≥ n, how many trials there are in all: the mean over these N is what is asked about
     * @param delta       how often, at most, a rival whose mean is not above zero may be found to be
     * @return for each rival whether the mean of its differences is surely above zero
     */
    boolean[] surelyWorse(double[][] differences, int[] timesteps, int of, double delta);

    /**
     * The bound of a name: {@code paired-t} or {@code anytime}.
     *
     * @throws InputException for another name
     */
    static Bound named(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "paired-t" -> new PairedT();
            case "anytime" -> new AnytimeT();
            default -> throw InputException.of("%s: expected paired-t or anytime, found %s", InputException.field("bound"),
                    name);
        };
    }
}
