package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which model, and what its files do not tell of themselves.
 *
 * @param path      a file that {@code convert} made, a directory in diffusers' form, or one file in the original naming;
 *                  null for the bundled model
 * @param tokenizer the folder of a tokenizer's files, for Stable Diffusion as one file in the original naming; else null
 * @param vae       the folder of a DiT's autoencoder in diffusers' form; null where the model has its own
 * @param labels    a text file with the names of a DiT's labels, one a line; null for the model's own
 * @param imageSize height and width of the training images of one file in the original naming; null for 512
 * @param predicts  what the network of one file in the original naming predicts; null for ε
 * @param ema       whether to take the weights averaged over training of one file in the original naming
 * @param loras     to be added to the weights, in this order
 */
public record ModelSpec(Path path, Path tokenizer, Path vae, Path labels, Integer imageSize, Predicted predicts,
        boolean ema, List<LoraSpec> loras) {

    /** What a network predicts: the noise ε, or the velocity v. */
    public enum Predicted { EPSILON, V }

    /** A LoRA's file, and by how much its product is multiplied. */
    public record LoraSpec(Path file, float scale) {

        /** @throws InputException for a scale that is no number */
        public LoraSpec {
            if (!Float.isFinite(scale)) {
                throw InputException.of("%s: expected a number as scale, found %s", InputException.field("loras"), scale);
            }
        }

        /** {@code FILE}, or {@code FILE:SCALE} for another scale than 1. */
        @Override
        public String toString() {
            return scale == 1 ? file.toString() : file + ":" + scale;
        }
    }

    /** @throws InputException for an image size below 1 */
    public ModelSpec {
        if (imageSize != null && imageSize < 1) {
            throw InputException.of("%s: expected at least 1, found %d", InputException.field("imageSize"), imageSize);
        }
        loras = List.copyOf(loras);
    }

    /** The bundled model. */
    public static ModelSpec bundled() {
        return of(null);
    }

    /** A model that tells everything of itself. */
    public static ModelSpec of(Path path) {
        return new ModelSpec(path, null, null, null, null, null, false, List.of());
    }

    ModelSpec withPath(Path other) {
        return new ModelSpec(other, tokenizer, vae, labels, imageSize, predicts, ema, loras);
    }

    ModelSpec withLora(LoraSpec lora) {
        return new ModelSpec(path, tokenizer, vae, labels, imageSize, predicts, ema,
                Stream.concat(loras.stream(), Stream.of(lora)).toList());
    }

    /** Whether it says what one file in the original naming does not tell of itself. */
    boolean tellsOfAFile() {
        return tokenizer != null || imageSize != null || predicts != null || ema;
    }
}
