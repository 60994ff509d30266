package org.diffusionclassifier.prompt;

import java.util.List;
import java.util.Locale;

/**
 * The settings of the paper's adaptive strategy for each of its zero-shot benchmarks, as
 * in {@code commands.md} of the official repository, github.com/diffusion-classifier/diffusion-classifier; where a
 * command there gives no loss, its default, l2, holds.
 */
public enum Preset {
    CIFAR10(List.of(50, 500), List.of(5, 1), "l1"),
    STL10(List.of(100, 500), List.of(5, 1), "l1"),
    PETS(List.of(25, 250), List.of(5, 1), "l1"),
    FLOWERS(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), "l1"),
    FOOD(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), "l2"),
    AIRCRAFT(List.of(20, 50, 100, 500), List.of(20, 10, 5, 1), "l2"),
    IMAGENET(List.of(50, 100, 500, 1000), List.of(500, 50, 10, 1), "l2"),
    OBJECTNET(List.of(50, 100, 500, 1000), List.of(25, 10, 5, 1), "l2");

    private final List<Integer> nSamples;
    private final List<Integer> toKeep;
    private final String loss;

    Preset(List<Integer> nSamples, List<Integer> toKeep, String loss) {
        this.nSamples = nSamples;
        this.toKeep = toKeep;
        this.loss = loss;
    }

    /** Trials evaluated in all for a prompt by the end of each stage, rising. */
    public List<Integer> nSamples() {
        return nSamples;
    }

    /** Prompts kept after each stage, falling to 1. */
    public List<Integer> toKeep() {
        return toKeep;
    }

    /** {@code l1} or {@code l2}. */
    public String loss() {
        return loss;
    }

    /** The name in the benchmark's own spelling for commands: lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
