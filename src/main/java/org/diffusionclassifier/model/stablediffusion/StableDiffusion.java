package org.diffusionclassifier.model.stablediffusion;

import java.util.function.Function;
import java.util.function.Supplier;
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
import org.diffusionclassifier.model.text.TextEncoding;

/**
 * A latent diffusion model of a UNet that is conditioned on captions. (Rombach et al., 2022, arXiv 2112.10752.) How
 * captions are encoded is its family's.
 *
 * <p>Autoencoder and UNet are built when one of them is first needed, which is after the first captions have been encoded
 * and their encoder released, so that the memory of both is not taken at once.
 */
public final class StableDiffusion implements LatentModel {

    private final Checkpoint checkpoint;
    private final Device device;
    private final UNetParts config;
    private final Latents latents;
    private final TextEncoding conditioner;
    private LatentEncoder encoder;
    private UNet unet;

    /**
     * @param checkpoint  has the components {@code vae} and {@code unet} of this configuration
     * @param conditioner makes what encodes captions, by what gives the UNet; closed with this
     */
    public StableDiffusion(Checkpoint checkpoint, UNetParts config, Device device,
                           Function<Supplier<UNet>, TextEncoding> conditioner) {
        this.checkpoint = checkpoint;
        this.device = device;
        this.config = config;
        this.latents = config.latents();
        this.conditioner = conditioner.apply(this::unet);
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
            encoder = new LatentEncoder(config.vae(), checkpoint.component(UNetParts.VAE).weights(),
                    new Preprocess(pixels), device);
        }
        return encoder;
    }

    private UNet unet() {
        if (unet == null) {
            encoder();      // stands before it in a converted file
            unet = new UNet(config.unet(), checkpoint.component(UNetParts.UNET).weights(), device);
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
