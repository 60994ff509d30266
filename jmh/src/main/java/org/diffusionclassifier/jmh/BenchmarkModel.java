package org.diffusionclassifier.jmh;

import java.util.function.Function;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.checkpoint.RandomModel;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.model.BundledModel;

/** The models that benchmarks name: {@code demo}, the bundled one, and {@link RandomModel}'s of full size. */
final class BenchmarkModel {

    private BenchmarkModel() {
    }

    /** @return what {@code use} makes of the model, which is there only for the time of the call */
    static <T> T with(String name, Function<Checkpoint, T> use) {
        if (!name.equals("demo")) {
            try (var random = RandomModel.of(name, ModelSpec.of(null))) {
                return use.apply(random);
            }
        }
        try (var bundled = BundledModel.open(); var checkpoint = Checkpoint.open(ModelSpec.of(bundled.root()))) {
            return use.apply(checkpoint);
        }
    }

    static UNetConfig unet(Checkpoint checkpoint) {
        return UNetConfig.read(checkpoint.component("unet").config());
    }
}
