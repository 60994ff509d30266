package org.diffusionclassifier.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
     * Where the weights in {@code component} are: full precision before the fp16 variant, one file before several.
     *
     * @param stem what the files' names begin with
     * @return the file or the index of its shards; empty if there are none of this format
     */
    public Optional<Path> locate(Path component, String stem) {
        return Stream.of(stem + suffix,
                        stem + suffix + ".index.json",
                        stem + ".fp16" + suffix,
                        stem + suffix + ".index.fp16.json",
                        stem + ".fp16" + suffix + ".index.json")
                .map(component::resolve).filter(Files::exists).findFirst();
    }

    /**
     * Opens what {@link #locate} gave.
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

    /** Weights that there are: their format, and the file or the index of its shards. */
    record Located(WeightsFormat format, Path path) {

        /** @throws InputException if they are malformed */
        public Weights open() {
            return format.openLocated(path);
        }

        /** The files that {@link #open} reads. */
        List<Path> files() {
            return format.files(path);
        }
    }

    /**
     * Where the weights in {@code component} are, safetensors before pickles; the stems are what the names of such files
     * begin with.
     *
     * @throws InputException if there are none
     */
    static Located find(Path component, String safetensorsStem, String pickleStem) {
        return SAFETENSORS.locate(component, safetensorsStem).map(path -> new Located(SAFETENSORS, path))
                .or(() -> PYTORCH.locate(component, pickleStem).map(path -> new Located(PYTORCH, path)))
                .orElseThrow(() -> new InputException(component + ": no " + safetensorsStem + ".safetensors or "
                        + pickleStem + ".bin, nor a fp16 variant or an index of shards"));
    }
}
