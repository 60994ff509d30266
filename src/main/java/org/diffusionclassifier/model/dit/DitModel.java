package org.diffusionclassifier.model.dit;

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

/** A class-conditional latent diffusion model: a DiT with its autoencoder. (Peebles and Xie, 2023.) */
public final class DitModel implements LatentModel {

    private final Device device;
    private final DitParts parts;
    private final Latents latents;
    private final LatentEncoder encoder;
    private final Dit dit;

    /** @throws org.diffusionclassifier.tensor.InputException if the checkpoint is none, lacks a part, or is damaged */
    public DitModel(Checkpoint checkpoint, Device device) {
        this.device = device;
        this.parts = DitParts.read(checkpoint);
        this.latents = parts.latents();
        int pixels = parts.transformer().sampleSize() * parts.vae().downscale();
        this.encoder = new LatentEncoder(parts.vae(), checkpoint.component(DitParts.VAE).weights(),
                Preprocess.adm(pixels), device);
        try {
            this.dit = new Dit(parts.transformer(), checkpoint.component(DitParts.TRANSFORMER).weights(), device);
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public Conditioner conditioner() {
        return new LabelConditioner(dit, parts.transformer().labels());
    }

    @Override
    public Latents latents() {
        return latents;
    }

    @Override
    public RgbImage seen(RgbImage image) {
        return encoder.seen(image);
    }

    @Override
    public Tensor latent(RgbImage image) {
        return encoder.encode(image);
    }

    @Override
    public Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs) {
        return dit.forward(diffusion.addNoise(trials), pairs);
    }

    @Override
    public void close() {
        encoder.close();
        dit.close();
    }
}
