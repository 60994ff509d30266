package org.diffusionclassifier.score;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.tensor.InputException;

/**
 * What classes are compared by: the mean over trials of a {@link Loss}, of the root of the mean square, of the variational
 * bound's term at the trial's timestep in bits a dimension, or of bound and squares together. The paper's code compares
 * L1, L2 and the bound for DiT ({@code print_dit_acc.py}). A trial's root is ‖ε − ε̂‖ / √D, D being the latent's elements:
 * the norm without a square, which weighs trials of little error more (arXiv 2505.17955).
 */
public enum Objective {
    L1(Loss.L1, false),
    L2(Loss.L2, false),
    HUBER(Loss.HUBER, false),
    NORM(Loss.L2, false),
    VB(null, true),
    L2_VB(Loss.L2, true);

    private final Loss loss;
    private final boolean bound;

    Objective(Loss loss, boolean bound) {
        this.loss = loss;
        this.bound = bound;
    }

    /** @throws InputException for a name that none of them has */
    public static Objective parse(String name) {
        return Stream.of(values()).filter(objective -> objective.toString().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> InputException.of("%s: expected %s, found %s", InputException.field("loss"),
                        Stream.of(values()).map(Objective::toString).collect(Collectors.joining(", ")), name));
    }

    /** What a trial counts, by what the device measures of it. */
    float of(float measured) {
        return this == NORM ? (float) Math.sqrt(measured) : measured;
    }

    /** The loss that the device measures for it; null for the bound alone. */
    public Loss loss() {
        return loss;
    }

    /** Whether the bound is in it, which takes a model that predicts variances, too. */
    public boolean hasBound() {
        return bound;
    }

    /** The loss that errors are shown by place by place, where the bound is not known: squares for the bound alone. */
    public Loss lossOfMaps() {
        return loss == null ? Loss.L2 : loss;
    }

    /** As settings have it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '+');
    }
}
