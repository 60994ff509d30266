package org.diffusionclassifier.model.sd3;

import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.model.Probe;
import org.diffusionclassifier.model.text.CaptionedModel;

/** Stable Diffusion 3 or 3.5. (Esser et al., 2024, arXiv 2403.03206.) */
final class Sd3Model extends CaptionedModel<Mmdit> {

    private final Checkpoint checkpoint;
    private final Sd3Config config;

    /** @throws org.diffusionclassifier.tensor.InputException if the checkpoint is none, lacks a part, or is damaged */
    Sd3Model(Checkpoint checkpoint, Device device) {
        this(checkpoint, Sd3Config.read(checkpoint), device);
    }

    private Sd3Model(Checkpoint checkpoint, Sd3Config config, Device device) {
        super(checkpoint, config.vae(), config.latents(), device,
                network -> new Sd3Conditioner(checkpoint, config, device));
        this.checkpoint = checkpoint;
        this.config = config;
    }

    @Override
    protected Mmdit openNetwork() {
        return new Mmdit(config.transformer(), checkpoint.component(Sd3Config.TRANSFORMER).weights(), device());
    }

    @Override
    public Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs) {
        return network().forward(diffusion.addNoise(trials), pairs, Probe.NONE);
    }
}
