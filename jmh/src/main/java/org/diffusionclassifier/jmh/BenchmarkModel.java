package org.diffusionclassifier.jmh;

import java.util.function.Function;
import org.diffusionclassifier.checkpoint.DiffusersDirectory;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.checkpoint.RandomModel;
import org.diffusionclassifier.model.BundledModel;

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
