package org.diffusionclassifier.strategy;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.score.Trial;

/** In which order trials are evaluated where one may stop after any of them. */
final class TrialOrder {

    private TrialOrder() {
    }

    /**
     * Trials such that the first n are spread evenly over all, for any n: van der Corput's sequence of base 2, from ½
     * on (½, ¼, ¾, ⅛, …), each number standing for the trial at that share of the list. The last number is 0.
     *
     * @param trials by ascending timestep
     */
    static List<Trial> spread(List<Trial> trials) {
        int size = trials.size();
        int bits = 32 - Integer.numberOfLeadingZeros(size);
        Set<Integer> order = new LinkedHashSet<>();
        for (int k = 1; k < 1 << bits; k++) {
            long reversed = Integer.toUnsignedLong(Integer.reverse(k)) >>> 32 - bits;
            order.add((int) (reversed * size >> bits));
        }
        order.add(0);
        return order.stream().map(trials::get).toList();
    }
}
