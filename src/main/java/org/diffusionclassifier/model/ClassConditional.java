package org.diffusionclassifier.model;

import org.diffusionclassifier.checkpoint.DitSource;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.tensor.Weights;

/** A class-conditional latent diffusion model, loaded: a DiT with its autoencoder. (Peebles and Xie, 2023.) */
public final class ClassConditional implements AutoCloseable {

    private final NoiseProcess noise;
    private final Weights weights;
    private final Dit dit;
    private final LatentEncoder latents;

    /** @throws org.diffusionclassifier.tensor.InputException if it is a damaged one */
    public ClassConditional(DitSource source, Device device) {
        this.noise = NoiseProcess.of(source.schedule());
        int size = source.transformer().sampleSize() * source.vae().downscale();
        this.latents = new LatentEncoder(source.vae(), source.vaeWeights(), Preprocess.adm(size), device);
        try {
            this.weights = source.transformerWeights();
        } catch (RuntimeException e) {
            latents.close();
            throw e;
        }
        try {
            this.dit = new Dit(source.transformer(), weights, device);
        } catch (RuntimeException e) {
            weights.close();
            latents.close();
            throw e;
        }
    }

    public NoiseProcess noise() {
        return noise;
    }

    public Dit dit() {
        return dit;
    }

    /** x₀ of an image, scaled: [1, h, w, c] float32 on the device, until another graph runs there. */
    public Tensor latent(RgbImage image) {
        return latents.encode(image);
    }

    /** What the model sees of an image: resized, the middle square cut out. */
    public RgbImage seen(RgbImage image) {
        return latents.seen(image);
    }

    @Override
    public void close() {
        latents.close();
        dit.close();
        weights.close();
    }
}
