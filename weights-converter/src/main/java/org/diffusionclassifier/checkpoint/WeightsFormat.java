package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.diffusionclassifier.pytorch.PytorchWeights;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** The formats in which a component of a diffusers directory may hold its weights, and what opens their files. */
public enum WeightsFormat {
    SAFETENSORS(".safetensors", SafetensorsFile::open),
    PYTORCH(".bin", PytorchWeights::open);

    private final String suffix;
    private final Function<Path, Weights> opener;

    WeightsFormat(String suffix, Function<Path, Weights> opener) {
        this.suffix = suffix;
        this.opener = opener;
    }

    /** The format of a file that may be called otherwise: PyTorch's are {@code .ckpt}, {@code .pt}, {@code .bin}, …. */
    public static WeightsFormat of(Path file) {
        return file.toString().endsWith(SAFETENSORS.suffix) ? SAFETENSORS : PYTORCH;
    }

    /** What the names of this format's files end with. */
    String suffix() {
        return suffix;
    }

    /** @throws InputException if it cannot be read or is malformed */
    public Weights open(Path file) {
        return opener.apply(file);
    }

    /**
     * Opens the file of a component's weights, or those of the index of its shards.
     *
     * @throws InputException if it is malformed
     */
    Weights openLocated(Path located) {
        return isIndex(located) ? ShardedWeights.open(located, this) : open(located);
    }

    /** The files that {@link #openLocated} reads. */
    List<Path> files(Path located) {
        return isIndex(located) ? ShardedWeights.files(located, this) : List.of(located);
    }

    private static boolean isIndex(Path located) {
        return located.toString().endsWith(".json");
    }
}
