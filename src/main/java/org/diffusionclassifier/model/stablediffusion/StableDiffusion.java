package org.diffusionclassifier.model.stablediffusion;

import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioner;
import org.diffusionclassifier.model.LatentEncoder;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Probe;

/**
 * A text-conditional latent diffusion model: Stable Diffusion 1.x or 2.x or any of their form. (Rombach et al., 2022,
 * arXiv 2112.10752.)
 *
 * <p>Autoencoder and UNet are built when one of them is first needed, which is after the first captions have been encoded
 * and their encoder released, so that the memory of both is not taken at once.
 */
public final class StableDiffusion implements LatentModel {

    private final Checkpoint checkpoint;
    private final Device device;
    private final StableDiffusionConfig config;
    private final Latents latents;
    private final CaptionConditioner conditioner;
    private LatentEncoder encoder;
    private UNet unet;

    /** @throws org.diffusionclassifier.tensor.InputException if the checkpoint is no model of this form, or lacks a part */
    public StableDiffusion(Checkpoint checkpoint, Device device) {
        this.checkpoint = checkpoint;
        this.device = device;
        this.config = StableDiffusionConfig.read(checkpoint);
        this.latents = config.latents();
        this.conditioner = new CaptionConditioner(checkpoint, config.textEncoder(), this::unet, device);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public Conditioner conditioner() {
        return conditioner;
    }

    @Override
    public Latents latents() {
        return latents;
    }

    @Override
    public RgbImage seen(RgbImage image) {
        return encoder().seen(image);
    }

    @Override
    public Tensor latent(RgbImage image) {
        return encoder().encode(image);
    }

    @Override
    public Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs) {
        return unet().forward(diffusion.addNoise(trials), pairs, Probe.NONE);
    }

    /** Neither noised latents nor predictions need memory. */
    @Override
    public Diffusion.Errors errors(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs, Measure measure) {
        return unet().errors(diffusion, trials, pairs, measure);
    }

    private LatentEncoder encoder() {
        if (encoder == null) {
            int pixels = config.unet().sampleSize() * config.vae().downscale();
            encoder = new LatentEncoder(config.vae(), checkpoint.component(StableDiffusionConfig.VAE).weights(),
                    new Preprocess(pixels), device);
        }
        return encoder;
    }

    private UNet unet() {
        if (unet == null) {
            encoder();      // stands before it in a converted file
            unet = new UNet(config.unet(), checkpoint.component(StableDiffusionConfig.UNET).weights(), device);
        }
        return unet;
    }

    @Override
    public void close() {
        conditioner.close();
        if (encoder != null) {
            encoder.close();
        }
        if (unet != null) {
            unet.close();
        }
    }
}
