package org.diffusionclassifier.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;

/**
 * A {@link Race} of groups before one of classes, for hundreds of classes: the groups of the tree's top are compared by
 * the prompts that represent them, what is surely worse is dropped with all its classes, and when one group is left its
 * members race on; groups that no number of trials tells apart race on together. A group stands or falls with its
 * representatives: the confidence is that of the comparisons made, not of a class that none of them was like.
 *
 * <p>Members start with the trials that their group has seen, so that all that are compared have the same ones.
 */
public final class TreeRace implements Strategy {

    private final ClassTree tree;
    private final List<Trial> trials;
    private final Bound bound;
    private final double delta;
    private final int prompts;
    private final int pairsAhead;

    /**
     * @param tree       of all prompts
     * @param trials     as {@link FlatRace} has them
     * @param confidence 1 − δ, in (0, 1)
     * @param pairsAhead as {@link FlatRace} has it
     */
    public TreeRace(ClassTree tree, List<Trial> trials, Bound bound, double confidence, int pairsAhead) {
        this.tree = tree;
        this.trials = bound.order(trials);
        this.bound = bound;
        this.delta = 1 - confidence;
        this.prompts = (int) tree.prompts().count();
        this.pairsAhead = pairsAhead;
    }

    @Override
    public Optional<Round> next(Tally tally) {
        List<ClassTree> front = front(tally);
        List<Integer> racing = racing(front, tally);
        int most = seen(racing, tally, true);
        List<Integer> behind = racing.stream().filter(prompt -> tally.errors(prompt).length < most).sorted().toList();
        if (!behind.isEmpty()) {
            int least = seen(behind, tally, false);
            List<Integer> last = behind.stream().filter(prompt -> tally.errors(prompt).length == least).toList();
            return Optional.of(new Round(trials.subList(least, most), last));
        }
        if (most == trials.size() || (most > 0 && front.size() == 1)) {
            return Optional.empty();
        }
        int ahead = Math.max(most == 0 && front.size() > 1 ? bound.firstLook() : 1, pairsAhead / racing.size());
        return Optional.of(new Round(trials.subList(most, Math.min(trials.size(), most + ahead)), racing));
    }

    @Override
    public List<Integer> survivors(Tally tally) {
        List<ClassTree> front = front(tally);
        List<Integer> racing = racing(front, tally);
        int most = seen(racing, tally, true);
        if (seen(racing, tally, false) < most) {
            return tally.alive();
        }
        ClassTree best = front.stream().min(Comparator.comparingDouble(group -> score(group, tally))).orElseThrow();
        List<ClassTree> rivals = front.stream().filter(group -> group != best).toList();
        boolean[] worse = bound.surelyWorse(FlatRace.look(tally,
                rivals.stream().map(rival -> new int[] {leader(rival, tally), leader(best, tally)}).toList(),
                trials.subList(0, most), trials.size(), prompts), delta);
        var survivors = new ArrayList<Integer>();
        for (ClassTree group : front) {
            if (group == best || !worse[rivals.indexOf(group)]) {
                survivors.addAll(alive(group, tally));
            }
        }
        boolean oneClass = survivors.size() == alive(best, tally).size() && best.members().isEmpty();
        return oneClass ? List.of(leader(best, tally)) : survivors;
    }

    /** What is compared now: the groups that are alive, opened as far as they are decided. */
    private List<ClassTree> front(Tally tally) {
        List<ClassTree> front = alive(tree.members().isEmpty() ? List.of(tree) : tree.members(), tally);
        while (front.stream().anyMatch(group -> !group.members().isEmpty()) && isDecided(front, tally)) {
            front = alive(front.stream().flatMap(group ->
                    group.members().isEmpty() ? Stream.of(group) : group.members().stream()).toList(), tally);
        }
        return front;
    }

    private boolean isDecided(List<ClassTree> front, Tally tally) {
        return front.size() == 1 || seen(racing(front, tally), tally, false) == trials.size();
    }

    private static List<ClassTree> alive(List<ClassTree> groups, Tally tally) {
        return groups.stream().filter(group -> !alive(group, tally).isEmpty()).toList();
    }

    private static List<Integer> alive(ClassTree group, Tally tally) {
        Set<Integer> alive = new HashSet<>(tally.alive());
        return group.prompts().filter(alive::contains).toList();
    }

    /** Ascending. */
    private static List<Integer> racing(List<ClassTree> front, Tally tally) {
        return front.stream().flatMap(group -> representatives(group, tally).stream()).sorted().toList();
    }

    /** Those alive; all of the group where none is, as another group's prompt may be the same to the model. */
    private static List<Integer> representatives(ClassTree group, Tally tally) {
        List<Integer> alive = alive(group, tally);
        List<Integer> representatives = group.representatives().stream().filter(alive::contains).toList();
        return representatives.isEmpty() ? alive : representatives;
    }

    private static int seen(List<Integer> prompts, Tally tally, boolean most) {
        var counts = prompts.stream().mapToInt(prompt -> tally.errors(prompt).length);
        return (most ? counts.max() : counts.min()).orElseThrow();
    }

    private static int leader(ClassTree group, Tally tally) {
        return representatives(group, tally).stream()
                .min(Comparator.comparingDouble(tally::score)).orElseThrow();
    }

    private static double score(ClassTree group, Tally tally) {
        return tally.score(leader(group, tally));
    }

    @Override
    public MeanEstimate estimate() {
        return bound.estimate();
    }
}
