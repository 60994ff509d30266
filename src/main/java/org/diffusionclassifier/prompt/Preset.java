package org.diffusionclassifier.prompt;

import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Staged;

/**
 * The settings of the paper's adaptive strategy for each of its zero-shot benchmarks, as
 * in {@code commands.md} of the official repository, github.com/diffusion-classifier/diffusion-classifier; where a
 * command there gives no loss, its default, l2, holds.
 *
 * <p>The numbers of samples are not nested: a stage takes that many timesteps of an even grid of its own, of which few
 * belong to an earlier stage's, and each ranking uses all that were evaluated so far
 * ({@link org.diffusionclassifier.strategy.TrialPlan}). After stages of 20, 50, 100 and 500, for example, 20, 70, 150
 * and 500 timesteps have been evaluated.
 */
public enum Preset {
    CIFAR10(List.of(50, 500), List.of(5, 1), Objective.L1),
    STL10(List.of(100, 500), List.of(5, 1), Objective.L1),
    PETS(List.of(25, 250), List.of(5, 1), Objective.L1),
    FLOWERS(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), Objective.L1),
    FOOD(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), Objective.L2),
    AIRCRAFT(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), Objective.L2),
    IMAGENET(List.of(50, 100, 500, 1000), List.of(500, 50, 10, 1), Objective.L2),
    OBJECTNET(List.of(50, 100, 500, 1000), List.of(25, 10, 5, 1), Objective.L2);

    private final Staged strategy;
    private final Objective loss;

    Preset(List<Integer> nSamples, List<Integer> toKeep, Objective loss) {
        this.strategy = new Staged(nSamples, toKeep);
        this.loss = loss;
    }

    public Staged strategy() {
        return strategy;
    }

    /** L1 or L2. */
    public Objective loss() {
        return loss;
    }

    /** The name in the benchmark's own spelling for commands: lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
