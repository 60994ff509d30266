package org.diffusionclassifier;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.diffusionclassifier.tensor.InputException;

/** Examples that could not be answered because of a picture, where one broken picture is not to stop all others. */
final class Failures {

    private final boolean failFast;
    private final List<String> reasons = new ArrayList<>();

    /** @param failFast whether the first is to stop all others after all */
    Failures(boolean failFast) {
        this.failFast = failFast;
    }

    /** Does what a broken picture may refuse; empty, with the reason kept, if it does. */
    <T> Optional<T> attempt(Supplier<T> work) {
        try {
            return Optional.of(work.get());
        } catch (InputException e) {
            if (failFast) {
                throw e;
            }
            reasons.add(e.getMessage());
            return Optional.empty();
        }
    }

    /** One line each. */
    List<String> reasons() {
        return List.copyOf(reasons);
    }

    /** @throws InputException if there are failures alone */
    void requireSome(Collection<?> answered) {
        if (answered.isEmpty()) {
            throw new InputException("expected at least one example with whole pictures, found none of %d: %s"
                    .formatted(reasons.size(), reasons.get(0)));
        }
    }
}
