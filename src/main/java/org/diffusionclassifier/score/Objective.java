package org.diffusionclassifier.score;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.tensor.InputException;

/**
 * What classes are compared by: the mean of one of these over trials. The paper's code compares all but the third for DiT
 * ({@code print_dit_acc.py}).
 */
public enum Objective {
    /** |ε − ε̂|. */
    L1("l1", Loss.L1),
    /** (ε − ε̂)². */
    L2("l2", Loss.L2),
    /** Huber's, quadratic up to 1. */
    HUBER("huber", Loss.HUBER),
    /** The variational bound's term at the trial's timestep, in bits a dimension. */
    VB("vb", null),
    /** That and (ε − ε̂)². */
    L2_VB("l2+vb", null);

    private final String text;
    private final Loss loss;

    Objective(String text, Loss loss) {
        this.text = text;
        this.loss = loss;
    }

    /** @throws InputException for a name that none of them has */
    public static Objective parse(String name) {
        return Stream.of(values()).filter(objective -> objective.text.equals(name.toLowerCase(Locale.ROOT))).findFirst()
                .orElseThrow(() -> InputException.of("%s: expected %s, found %s", InputException.field("loss"),
                        Stream.of(values()).map(Objective::toString).collect(Collectors.joining(", ")), name));
    }

    /** The loss of ε alone that it is; null for the bound. */
    public Loss loss() {
        return loss;
    }

    /** Whether it takes a model that predicts variances, too. */
    public boolean needsVariance() {
        return loss == null;
    }

    /** As settings have it. */
    @Override
    public String toString() {
        return text;
    }
}
