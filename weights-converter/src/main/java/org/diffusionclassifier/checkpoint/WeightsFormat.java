package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * How the files are called in which a component of a diffusers directory may hold its weights. What they hold is up to
 * {@link WeightsFile}.
 */
public enum WeightsFormat {
    SAFETENSORS(".safetensors"),
    PYTORCH(".bin");

    private final String suffix;

    WeightsFormat(String suffix) {
        this.suffix = suffix;
    }

    /** What the names of this format's files end with. */
    String suffix() {
        return suffix;
    }

    /**
     * Opens the file of a component's weights, or those of the index of its shards.
     *
     * @throws InputException if it is malformed
     */
    Weights openLocated(Path located) {
        return isIndex(located) ? WeightsFile.scaled(ShardedWeights.open(located, this)) : WeightsFile.open(located);
    }

    /** The files that {@link #openLocated} reads. */
    List<Path> files(Path located) {
        return isIndex(located) ? ShardedWeights.files(located, this) : List.of(located);
    }

    private static boolean isIndex(Path located) {
        return located.toString().endsWith(".json");
    }
}
