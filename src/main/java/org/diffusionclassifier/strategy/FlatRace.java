package org.diffusionclassifier.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;

/**
 * A {@link Race} of all prompts at once. All prompts alive are evaluated on the same trials, a few a round. After each
 * round every one is compared with the best so far by the paired differences of their errors, and dropped once these
 * are surely above zero by a {@link Bound}. An easy image takes few pairs and a hard one many. An image whose best
 * prompts all the trials together cannot tell apart is a tie.
 *
 * <p>The best prompt of all can be lost only to one of its K − 1 rivals. With a bound that errs with probability
 * δ/(K − 1) on each, however often it looks, that happens with probability δ at most (Bonferroni), whatever the errors
 * of different prompts have to do with each other.
 *
 * <p>A look may come after one trial or several: the fewer pairs a round has, the sooner a prompt is dropped; the more,
 * the fewer looks there are to be fooled by.
 */
public final class FlatRace implements Strategy {

    private final List<Trial> trials;
    private final Bound bound;
    private final double delta;
    private final List<Integer> classes;
    private final int pairsAhead;

    /**
     * @param trials     all there may be, at least one, by ascending timestep
     * @param bound      how rivals are compared
     * @param confidence 1 − δ, in (0, 1)
     * @param classes    of each prompt, by which prompts of one class need not be told apart
     * @param pairsAhead how many pairs a round should have, so that a device's batches are full; 1 compares after every
     *                   trial
     */
    public FlatRace(List<Trial> trials, Bound bound, double confidence, List<Integer> classes, int pairsAhead) {
        if (trials.isEmpty() || classes.isEmpty() || pairsAhead < 1) {
            throw new IllegalArgumentException(trials.size() + " trials of " + classes.size() + " prompts, "
                    + pairsAhead + " pairs ahead");
        }
        this.trials = bound.order(trials);
        this.bound = bound;
        this.delta = 1 - confidence;
        this.classes = List.copyOf(classes);
        this.pairsAhead = pairsAhead;
    }

    @Override
    public Optional<Round> next(Tally tally) {
        int done = tally.trials().size();
        if (done == trials.size() || (done > 0 && tally.alive().size() == 1)) {
            return Optional.empty();
        }
        int alive = tally.alive().size();
        int ahead = alive == 1 ? 1 : Math.max(done == 0 ? bound.firstLook() : 1, pairsAhead / alive);
        return Optional.of(new Round(trials.subList(done, Math.min(trials.size(), done + ahead)), tally.alive()));
    }

    @Override
    public List<Integer> survivors(Tally tally) {
        int best = tally.alive().stream().min(Comparator.comparingDouble(tally::score)).orElseThrow();
        List<Integer> rivals = tally.alive().stream().filter(prompt -> prompt != best).toList();
        boolean[] worse = bound.surelyWorse(look(tally, rivals.stream().map(rival -> new int[] {rival, best}).toList(),
                tally.trials(), trials.size(), classes.size()), delta);
        var survivors = new ArrayList<>(List.of(best));
        for (int i = 0; i < worse.length; i++) {
            if (!worse[i]) {
                survivors.add(rivals.get(i));
            }
        }
        boolean oneClass = survivors.stream().map(classes::get).distinct().count() == 1;
        return oneClass ? List.of(best) : survivors;
    }

    /** Of pairs of a rival and the best, all with the same trials. */
    static Bound.Look look(Tally tally, List<int[]> pairs, List<Trial> seen, int of, int prompts) {
        return new Bound.Look(
                pairs.stream().map(pair -> differences(tally.errors(pair[0]), tally.errors(pair[1])))
                        .toArray(double[][]::new),
                pairs.stream().mapToDouble(pair -> tally.handicap(pair[0]) - tally.handicap(pair[1])).toArray(),
                seen.stream().mapToInt(Trial::timestep).toArray(), of, prompts);
    }

    private static double[] differences(float[] above, float[] below) {
        var differences = new double[above.length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = (double) above[i] - below[i];
        }
        return differences;
    }

    @Override
    public MeanEstimate estimate() {
        return bound.estimate();
    }
}
