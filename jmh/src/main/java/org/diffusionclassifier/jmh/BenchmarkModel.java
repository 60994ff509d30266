package org.diffusionclassifier.jmh;

import java.util.function.Function;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.weights.DiffusersDirectory;
import org.diffusionclassifier.weights.ModelSource;
import org.diffusionclassifier.weights.RandomModel;

/** The models that benchmarks name: {@code demo}, the bundled one, and {@link RandomModel}'s of full size. */
final class BenchmarkModel {

    private BenchmarkModel() {
    }

    /** @return what {@code use} makes of the model, which is there only for the time of the call */
    static <T> T with(String name, Function<ModelSource, T> use) {
        if (!name.equals("demo")) {
            return use.apply(RandomModel.of(name));
        }
        try (var bundled = BundledModel.open()) {
            return use.apply(DiffusersDirectory.open(bundled.root()));
        }
    }
}
