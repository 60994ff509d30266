package org.diffusionclassifier.model;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.weights.DiffusersDirectory;
import org.diffusionclassifier.weights.Weights;

/**
 * A text-conditional latent diffusion model, loaded: Stable Diffusion 1.x or 2.x or any of their form. (Rombach et al.,
 * 2022, arXiv 2112.10752.)
 */
public final class StableDiffusion implements AutoCloseable {

    private final DiffusersDirectory directory;
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
        this.device = device;
        this.directory = DiffusersDirectory.open(path);
        this.schedule = new NoiseSchedule(directory.schedule());
        try (Weights weights = directory.unetWeights()) {
            this.unet = new UNet(directory.unet(), weights, device);
        }
        try {
            this.latents = new LatentEncoder(directory, device);
        } catch (RuntimeException e) {
            unet.close();
            throw e;
        }
    }

    public DiffusersDirectory directory() {
        return directory;
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
        try (var encoder = new PromptEncoder(directory, device)) {
            return encoder.encode(captions, unet);
        }
    }

    @Override
    public void close() {
        latents.close();
        unet.close();
    }
}
