package org.diffusionclassifier.strategy;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.tensor.InputException;

/**
 * The paper's adaptive evaluation (Li et al., 2023, section 3.3 and algorithm 2): a few trials for every prompt, more
 * for the best of them, and so on until one is left.
 */
public final class StagedElimination implements Strategy {

    private static final InputException.Field TO_KEEP = InputException.field("toKeep");

    private final TrialPlan plan;
    private final List<Integer> toKeep;

    /**
     * @param plan    one entry a stage
     * @param toKeep  how many prompts survive each stage
     * @param prompts how many there are
     * @throws InputException as {@link #check}
     */
    public StagedElimination(TrialPlan plan, List<Integer> toKeep, int prompts) {
        check(plan.stages().size(), toKeep, prompts);
        this.plan = plan;
        this.toKeep = List.copyOf(toKeep);
    }

    /** @throws InputException unless there is one number a stage, not increasing from {@code prompts} on, 1 at the end */
    public static void check(int stages, List<Integer> toKeep, int prompts) {
        if (toKeep.size() != stages) {
            throw InputException.of("%s: expected as many numbers as %s has, %d, found %d", TO_KEEP,
                    InputException.field("nSamples"), stages, toKeep.size());
        }
        int before = prompts;
        for (int keep : toKeep) {
            if (keep < 1) {
                throw InputException.of("%s: expected at least 1, found %d", TO_KEEP, keep);
            }
            if (keep > before) {
                throw InputException.of("%s: expected at most the %d %s, found %d", TO_KEEP, before,
                        before == prompts ? "prompts" : "kept before", keep);
            }
            before = keep;
        }
        if (before != 1) {
            throw InputException.of("%s: expected 1 as the last number, found %d", TO_KEEP, before);
        }
    }

    @Override
    public Optional<Round> next(Tally tally) {
        return tally.rounds() == plan.stages().size() ? Optional.empty()
                : Optional.of(new Round(plan.stages().get(tally.rounds()), tally.alive()));
    }

    @Override
    public List<Integer> survivors(Tally tally) {
        return tally.alive().stream()
                .sorted(Comparator.comparingDouble(tally::score))
                .limit(toKeep.get(tally.rounds() - 1))
                .toList();
    }
}
