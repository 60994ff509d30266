package org.diffusionclassifier.model;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.weights.DiffusersDirectory;
import org.diffusionclassifier.weights.ModelSource;
import org.diffusionclassifier.weights.Weights;

/**
 * A text-conditional latent diffusion model, loaded: Stable Diffusion 1.x or 2.x or any of their form. (Rombach et al.,
 * 2022, arXiv 2112.10752.)
 */
public final class StableDiffusion implements AutoCloseable {

    private final ModelSource source;
    private final Device device;
    private final NoiseSchedule schedule;
    private final UNet unet;
    private final LatentEncoder latents;

    /**
     * Loads a diffusers directory.
     *
     * @throws org.diffusionclassifier.weights.InputException if it is no model of this form, or a damaged one
     */
    public StableDiffusion(Path path, Device device) {
        this(DiffusersDirectory.open(path), device);
    }

    /**
     * Loads a model.
     *
     * @throws org.diffusionclassifier.weights.InputException if it is a damaged one
     */
    public StableDiffusion(ModelSource source, Device device) {
        this.device = device;
        this.source = source;
        this.schedule = new NoiseSchedule(source.schedule());
        try (Weights weights = source.unetWeights()) {
            this.unet = new UNet(source.unet(), weights, device);
        }
        try (Weights weights = source.vaeWeights()) {
            int size = source.unet().sampleSize() * source.vae().downscale();
            this.latents = new LatentEncoder(source.vae(), weights, new Preprocess(size), device);
        } catch (RuntimeException e) {
            unet.close();
            throw e;
        }
    }

    public ModelSource source() {
        return source;
    }

    public NoiseSchedule schedule() {
        return schedule;
    }

    public UNet unet() {
        return unet;
    }

    /** x₀ of an image, [h, w, c], scaled. */
    public float[] latent(RgbImage image) {
        return latents.encode(image);
    }

    /**
     * What the UNet attends to for each caption; the text encoder is loaded for this call alone.
     *
     * @return persistent tensors [N, L, 2C], in the order of {@link UNet#projectContext}
     */
    public List<Tensor> context(List<String> captions) {
        try (var encoder = new PromptEncoder(source, device)) {
            return encoder.encode(captions, unet);
        }
    }

    @Override
    public void close() {
        latents.close();
        unet.close();
    }
}
