package org.diffusionclassifier.score;

import java.util.List;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.StableDiffusion;
import org.diffusionclassifier.model.UNet;

/** Scores prompts by a text-conditional model: a class is a caption, whose context is projected once. */
public final class StableDiffusionScorer extends LatentScorer {

    private final StableDiffusion model;
    private final Device device;
    private final Loss loss;
    private final List<Tensor> context;

    /**
     * @param prompts   captions, one class each as far as this scorer knows
     * @param noise     its table, if given, holds [N, h, w, c] of the model's latent
     * @param batchSize pairs evaluated at once, at least 1
     */
    public StableDiffusionScorer(StableDiffusion model, Device device, List<String> prompts, Noise noise, Loss loss,
                                 int batchSize) {
        super(device, model.noise(), false, prompts.size(), model.source().unet().sampleSize(),
                model.source().unet().inChannels(), noise, batchSize);
        this.model = model;
        this.device = device;
        this.loss = loss;
        this.context = model.context(prompts);
    }

    /** Add noise (M), UNet (M, then P), error (P). */
    @Override
    Tensor evaluate(Diffusion diffusion, PairBatch.Asked asked) {
        return errors(diffusion, asked, false).mean();
    }

    @Override
    Tensor evaluateMap(Diffusion diffusion, PairBatch.Asked asked) {
        return errors(diffusion, asked, true).map();
    }

    private Diffusion.Errors errors(Diffusion diffusion, PairBatch.Asked asked, boolean withMap) {
        var pairs = new UNet.Pairs(asked.times(), asked.trialOfPair(), context, asked.pairClass());
        return model.unet().errors(diffusion, asked.trials(), pairs, new Measure(loss, withMap));
    }

    @Override
    int classOf(int prompt) {
        return prompt;
    }

    @Override
    Tensor latent(RgbImage image) {
        return model.latent(image);
    }

    @Override
    public RgbImage seen(RgbImage image) {
        return model.seen(image);
    }

    @Override
    public void close() {
        super.close();
        context.forEach(device::release);
    }
}
