package org.diffusionclassifier.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The formats in which a component of a diffusers directory may hold its weights, and how their files are called. */
enum WeightsFormat {
    SAFETENSORS(".safetensors", SafetensorsFile::open),
    PYTORCH(".bin", PytorchWeights::open);

    private final String suffix;
    private final Function<Path, Weights> opener;

    WeightsFormat(String suffix, Function<Path, Weights> opener) {
        this.suffix = suffix;
        this.opener = opener;
    }

    /** The format of a file that may be called otherwise: PyTorch's are {@code .ckpt}, {@code .pt}, {@code .bin}, …. */
    static WeightsFormat of(Path file) {
        return file.toString().endsWith(SAFETENSORS.suffix) ? SAFETENSORS : PYTORCH;
    }

    /** What the names of this format's files end with. */
    String suffix() {
        return suffix;
    }

    /** @throws InputException if it cannot be read or is malformed */
    Weights open(Path file) {
        return opener.apply(file);
    }

    /**
     * Opens the weights in {@code component}: full precision before the fp16 variant, one file before several.
     *
     * @param stem what the files' names begin with
     * @return empty if there are none of this format
     * @throws InputException if they are malformed
     */
    Optional<Weights> find(Path component, String stem) {
        for (String name : List.of(
                stem + suffix,
                stem + suffix + ".index.json",
                stem + ".fp16" + suffix,
                stem + suffix + ".index.fp16.json",
                stem + ".fp16" + suffix + ".index.json")) {
            Path file = component.resolve(name);
            if (Files.exists(file)) {
                return Optional.of(name.endsWith(".json") ? ShardedWeights.open(file, this) : open(file));
            }
        }
        return Optional.empty();
    }

    /**
     * Opens the weights in {@code component}, safetensors before pickles; the stems are what the names of such files
     * begin with.
     *
     * @throws InputException if there are none, or they are malformed
     */
    static Weights find(Path component, String safetensorsStem, String pickleStem) {
        return SAFETENSORS.find(component, safetensorsStem)
                .or(() -> PYTORCH.find(component, pickleStem))
                .orElseThrow(() -> new InputException(component + ": no " + safetensorsStem + ".safetensors or "
                        + pickleStem + ".bin, nor a fp16 variant or an index of shards"));
    }
}
