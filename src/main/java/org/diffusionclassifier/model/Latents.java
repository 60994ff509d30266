package org.diffusionclassifier.model;

import org.diffusionclassifier.tensor.InputException;

/**
 * What a model's network sees and predicts, known from the configurations before any weights are read.
 *
 * @param noise             its noise process
 * @param size              height and width of a latent
 * @param channels          of a latent
 * @param predictsVariance  whether the network predicts variances, too: then it puts out twice the latent's channels
 */
public record Latents(NoiseProcess noise, int size, int channels, boolean predictsVariance) {

    /** The same with errors measured in something else. @throws InputException if its noise process cannot */
    public Latents measuring(Target target) {
        return new Latents(noise.measuring(target), size, channels, predictsVariance);
    }

    /** Numbers of a latent. */
    public int elements() {
        return size * size * channels;
    }
}
