package org.diffusionclassifier.model.sd3;

import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
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
 * Stable Diffusion 3 or 3.5. (Esser et al., 2024, arXiv 2403.03206.) Autoencoder and transformer are built when one of them
 * is first needed, which is after the first captions have been encoded and their encoders released, so that the memory of
 * both is not taken at once.
 */
final class Sd3Model implements LatentModel {

    private final Checkpoint checkpoint;
    private final Device device;
    private final Sd3Config config;
    private final Latents latents;
    private final Sd3Conditioner conditioner;
    private LatentEncoder encoder;
    private Mmdit mmdit;

    /** @throws org.diffusionclassifier.tensor.InputException if the checkpoint is none, lacks a part, or is damaged */
    Sd3Model(Checkpoint checkpoint, Device device) {
        this.checkpoint = checkpoint;
        this.device = device;
        this.config = Sd3Config.read(checkpoint);
        this.latents = config.latents();
        this.conditioner = new Sd3Conditioner(checkpoint, config, device);
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
        return mmdit().forward(diffusion.addNoise(trials), pairs, Probe.NONE);
    }

    private LatentEncoder encoder() {
        if (encoder == null) {
            int pixels = config.transformer().sampleSize() * config.vae().downscale();
            encoder = new LatentEncoder(config.vae(), checkpoint.component(Sd3Config.VAE).weights(),
                    new Preprocess(pixels), device);
        }
        return encoder;
    }

    private Mmdit mmdit() {
        if (mmdit == null) {
            encoder();      // stands before it in a converted file
            mmdit = new Mmdit(config.transformer(), checkpoint.component(Sd3Config.TRANSFORMER).weights(), device);
        }
        return mmdit;
    }

    @Override
    public void close() {
        conditioner.close();
        if (encoder != null) {
            encoder.close();
        }
        if (mmdit != null) {
            mmdit.close();
        }
    }
}
