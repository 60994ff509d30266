package org.diffusionclassifier.model;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/** In what an error is measured. */
public enum Target {
    /** The noise: ε − ε̂. */
    EPSILON,
    /** What a network of flow matching is trained to predict, ε − x₀; its error is that of ε over 1 − σ. */
    VELOCITY;

    /** @throws InputException for a name that none of them has */
    public static Target parse(String name) {
        return Stream.of(values()).filter(target -> target.toString().equals(name.toLowerCase(Locale.ROOT))).findFirst()
                .orElseThrow(() -> InputException.of("%s: expected %s, found %s", InputException.field("target"),
                        Stream.of(values()).map(Target::toString).collect(Collectors.joining(" or ")), name));
    }

    /** As settings have it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
