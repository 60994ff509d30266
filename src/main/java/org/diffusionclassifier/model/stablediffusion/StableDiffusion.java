package org.diffusionclassifier.model.stablediffusion;

import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.model.text.CaptionedModel;
import org.diffusionclassifier.model.text.TextEncoding;

/**
 * A latent diffusion model of a UNet that is conditioned on captions. (Rombach et al., 2022, arXiv 2112.10752.) How
 * captions are encoded is its family's.
 */
public final class StableDiffusion extends CaptionedModel<UNet> {

    private final Checkpoint checkpoint;
    private final UNetParts config;

    /**
     * @param checkpoint  has the components {@code vae} and {@code unet} of this configuration
     * @param conditioner makes what encodes captions, by what gives the UNet; closed with this
     */
    public StableDiffusion(Checkpoint checkpoint, UNetParts config, Device device,
                           Function<Supplier<UNet>, TextEncoding> conditioner) {
        super(checkpoint, config.vae(), config.latents(), device, conditioner);
        this.checkpoint = checkpoint;
        this.config = config;
    }

    @Override
    protected UNet openNetwork() {
        return new UNet(config.unet(), checkpoint.component(UNetParts.UNET).weights(), device());
    }

    @Override
    public Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs) {
        return network().forward(diffusion.addNoise(trials), pairs, Probe.NONE);
    }

    /** Neither noised latents nor predictions need memory. */
    @Override
    public Diffusion.Errors errors(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs, Measure measure) {
        return network().errors(diffusion, trials, pairs, measure);
    }
}
