package org.diffusionclassifier.strategy;

import java.util.List;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/**
 * When a rival's errors are surely above the best prompt's, judged by their paired differences; in which order trials
 * are best seen for that, and what the best prompt is told by.
 */
public interface Bound {

    /**
     * What is known of the rivals of one best prompt when they are compared with it.
     *
     * @param differences [rivals][n], a rival's error less the best's, trial by trial in {@link #order}; n ≥ 1
     * @param handicaps   [rivals], what is added to the mean of a rival's differences before it is judged
     * @param timesteps   t of each of the n trials
     * @param of          N ≥ n, how many trials there are in all: the mean over these N is what is asked about
     * @param prompts     K ≥ 1, how many there were at the start: the best of all can be lost to K − 1 rivals
     */
    record Look(double[][] differences, double[] handicaps, int[] timesteps, int of, int prompts) {

        /** δ of each rival's test, so that all of them together err with probability δ at most (Bonferroni). */
        double each(double delta) {
            return delta / Math.max(1, prompts - 1);
        }
    }

    /**
     * Judges rivals.
     *
     * @param delta how often, at most, the best prompt may be lost
     * @return for each rival whether the mean of its differences, with its handicap, is surely above zero
     */
    boolean[] surelyWorse(Look look, double delta);

    /**
     * In which order trials are evaluated where one may stop after any of them.
     *
     * @param trials by ascending timestep
     */
    default List<Trial> order(List<Trial> trials) {
        return TrialOrder.spread(trials);
    }

    /** Trials before the first comparison. */
    default int firstLook() {
        return 4;
    }

    /** What it takes a prompt's mean error over all trials to be. */
    default MeanEstimate estimate() {
        return MeanEstimate.OF_THOSE_SEEN;
    }

    /**
     * The bound of a name, of those that need nothing but the image's own errors: {@code paired-t} or {@code anytime}.
     *
     * @throws InputException for another name
     */
    static Bound named(String name) {
        return switch (name) {
            case Race.PAIRED_T -> new PairedT();
            case Race.ANYTIME -> new AnytimeT();
            default -> throw InputException.of("%s: expected %s or %s, found %s", InputException.field("bound"),
                    Race.PAIRED_T, Race.ANYTIME, name);
        };
    }
}
